import { expect, it } from "vitest";
import { hoursIn, months, namedDays, spansText, type Day, type DayKind, type Hours } from "../console/almanac";

const NAMES: Record<DayKind, string> = { workday: "工作日", weekend: "周末", rest: "国庆节", "make-up": "调休上班" };
function year(of: number, named: Record<string, DayKind> = {}): Day[] {
  const days: Day[] = [];
  for (const at = new Date(Date.UTC(of, 0, 1)); at.getUTCFullYear() === of; at.setUTCDate(at.getUTCDate() + 1)) {
    const day = at.toISOString().slice(0, 10);
    const kind = named[day] ?? (at.getUTCDay() % 6 === 0 ? "weekend" : "workday");
    days.push({ day, kind, why: { zh: NAMES[kind], en: kind }, provisional: day >= `${of}-11` });
  }
  return days;
}

it("puts every day of a year in its month, under its day of the week", () => {
  const sheet = months(year(2026));
  expect(sheet.map((one) => one.month)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(sheet.flatMap((one) => one.weeks.flat()).filter((day) => day !== null)).toHaveLength(365);
  // 1 January 2026 was a Thursday, 1 June a Monday.
  expect(sheet[0]?.weeks[0]?.map((day) => day?.day.slice(8) ?? null)).toEqual([null, null, null, "01", "02", "03", "04"]);
  expect(sheet[5]?.weeks[0]?.[0]?.day).toBe("2026-06-01");
  expect(sheet[1]?.weeks).toHaveLength(5);
  expect(months([])).toEqual([]);
});

it("tells days off of one name as one, and make-up workdays by themselves", () => {
  const named: Record<string, DayKind> = { "2026-09-20": "make-up", "2026-10-10": "make-up" };
  for (let day = 1; day <= 7; day += 1) named[`2026-10-0${day}`] = "rest";
  named["2026-10-31"] = "rest";
  named["2026-11-01"] = "rest";
  expect(namedDays(year(2026, named)).map((one) => [one.kind, one.from, one.to, one.provisional])).toEqual([
    ["make-up", "2026-09-20", "2026-09-20", false], ["rest", "2026-10-01", "2026-10-07", false], ["make-up", "2026-10-10", "2026-10-10", false],
    ["rest", "2026-10-31", "2026-10-31", false], ["rest", "2026-11-01", "2026-11-01", true],
  ]);
});

it("knows the hours of a month in which they change", () => {
  const hours: Hours[] = [
    { from: "2026-01-01", to: "2026-05-14", spans: [["08:00", "12:00"], ["14:00", "18:00"]] },
    { from: "2026-05-15", to: "2026-12-31", spans: [["08:00", "12:00"]] },
  ];
  expect(hoursIn(hours, 2026, 4).map((one) => one.from)).toEqual(["2026-01-01"]);
  expect(hoursIn(hours, 2026, 5)).toEqual(hours);
  expect(hoursIn(hours, 2026, 6).map((one) => one.from)).toEqual(["2026-05-15"]);
  expect(spansText(hours[0]?.spans ?? [])).toBe("08:00–12:00 14:00–18:00");
});
