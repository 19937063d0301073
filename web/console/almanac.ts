// A year of a calendar as months and weeks, and the days that a notice names.

import type { Name } from "../shared/texts";

export type DayKind = "workday" | "weekend" | "rest" | "make-up";
export interface Day { day: string; kind: DayKind; why: Name; provisional: boolean }
export interface Hours { from: string; to: string; spans: [string, string][] }
export interface CalendarRow {
  code: string; version: number; current: boolean; timezone: string; workday: string; from: string; until: string; years: { first: number; last: number };
}
export interface YearSheet extends CalendarRow { year: number; hours: Hours[]; days: Day[] }
export interface Month { month: number; weeks: (Day | null)[][] }
export interface Named { kind: DayKind; why: Name; from: string; to: string; provisional: boolean }

/** The months of a year; weeks begin on Monday, and null stands where a month has no day. */
export function months(days: Day[]): Month[] {
  const found: Month[] = [];
  for (const day of days) {
    const month = Number(day.day.slice(5, 7));
    // Monday is 0.
    const column = (new Date(`${day.day}T00:00:00Z`).getUTCDay() + 6) % 7;
    let at = found.at(-1);
    if (at?.month !== month) {
      at = { month, weeks: [] };
      found.push(at);
    }
    let week = at.weeks.at(-1);
    if (!week || column === 0) {
      week = Array<Day | null>(7).fill(null);
      at.weeks.push(week);
    }
    week[column] = day;
  }
  return found;
}

/** Holidays and make-up workdays in their order; days of one name that follow each other are one. */
export function namedDays(days: Day[]): Named[] {
  const found: Named[] = [];
  let before: Day | null = null;
  for (const day of days) {
    const last = found.at(-1);
    const goesOn = before?.kind === day.kind && before.why.zh === day.why.zh && before.provisional === day.provisional;
    if (last && goesOn && (day.kind === "rest" || day.kind === "make-up")) last.to = day.day;
    else if (day.kind === "rest" || day.kind === "make-up") {
      found.push({ kind: day.kind, why: day.why, from: day.day, to: day.day, provisional: day.provisional });
    }
    before = day;
  }
  return found;
}

/** The hours of a month, each once, in their order; most months have one kind. */
export function hoursIn(hours: Hours[], year: number, month: number): Hours[] {
  const first = `${year}-${String(month).padStart(2, "0")}-01`;
  const last = `${year}-${String(month).padStart(2, "0")}-31`;
  return hours.filter((one) => one.from <= last && one.to >= first);
}

export const spansText = (spans: [string, string][]): string => spans.map(([from, to]) => `${from}–${to}`).join(" ");
