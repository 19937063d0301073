import { useEffect, useState } from "preact/hooks";
import { all, call, path } from "../../shared/api";
import { dayText, inLanguage, monthText, t, weekdays } from "../../shared/texts";
import { hoursIn, months, namedDays, spansText, type CalendarRow, type Day, type Month, type YearSheet } from "../almanac";
import { now, refusedToken, where } from "../store";

const today = (): string => new Date(now.value + 8 * 3_600_000).toISOString().slice(0, 10);

/** The year of a working calendar: every day, what it is and why. */
export function CalendarPage() {
  const [rows, setRows] = useState<CalendarRow[]>([]);
  const [sheet, setSheet] = useState<YearSheet | null>(null);
  const [failure, setFailure] = useState("");
  const { of, year } = where.value;
  useEffect(() => {
    let gone = false;
    const read = async (): Promise<void> => {
      const known = rows.length ? rows : await all<CalendarRow>("/calendars");
      const named = known.find((one) => one.code === of) ?? known.find((one) => one.current) ?? known[0];
      const found = named ? await call<YearSheet>(path(`/calendars/${encodeURIComponent(named.code)}`, { year })) : null;
      if (gone) return;
      setRows(known);
      setSheet(found);
      setFailure("");
    };
    read().catch((error: unknown) => {
      if (!gone && !refusedToken(error)) setFailure(t("calendarFailed", { why: error instanceof Error ? error.message : "" }));
    });
    return () => void (gone = true);
  }, [of, year]);
  return (
    <section id="calendar" aria-labelledby="calendar-title">
      {failure && <p role="alert" class="late">{failure}</p>}
      {sheet ? <Sheet rows={rows} sheet={sheet} /> : !failure && <p class="soft" role="status">{t("loading")}</p>}
    </section>
  );
}

function Sheet({ rows, sheet }: { rows: CalendarRow[]; sheet: YearSheet }) {
  const go = (change: { of?: string; year?: string }): void => void (where.value = { ...where.value, ...change });
  const { first, last } = sheet.years;
  const provisional = sheet.days.some((day) => day.provisional);
  return (
    <>
      <div class="row">
        <h2 id="calendar-title">{t("calendar")} {sheet.year}</h2>
        <label>{t("page_calendar")}{" "}
          <select id="calendar-of" value={sheet.code} onChange={(event) => go({ of: event.currentTarget.value })}>
            {rows.map((one) => <option key={one.code} value={one.code}>{one.code}</option>)}
          </select>
        </label>
        <button type="button" disabled={sheet.year <= first} onClick={() => go({ year: String(sheet.year - 1) })}><span aria-hidden="true">‹</span> {sheet.year - 1} <span class="heard">{t("earlier")}</span></button>
        <button type="button" disabled={sheet.year >= last} onClick={() => go({ year: String(sheet.year + 1) })}>{sheet.year + 1} <span aria-hidden="true">›</span> <span class="heard">{t("later")}</span></button>
        <p class="soft">
          {t("version_n", { n: sheet.version })}{sheet.current && ` · ${t("isCurrent")}`} · {t("settledUntil", { from: sheet.from, to: sheet.until })} · {t(sheet.workday === "end-of-day" ? "rule_end-of-day" : "rule_sliding")}
        </p>
      </div>
      {provisional && <p role="status" class="provisional-note">{t("provisionalYear")}</p>}
      <Legend />
      <div class="months">{months(sheet.days).map((month) => <MonthTable key={month.month} month={month} sheet={sheet} />)}</div>
      <Named sheet={sheet} />
    </>
  );
}

function Legend() {
  return (
    <ul class="legend" role="list">
      {(["workday", "weekend", "rest", "make-up"] as const).map((kind) => (
        <li key={kind}><span class={`day ${kind}`} aria-hidden="true">1{(kind === "rest" || kind === "make-up") && <sup>{t(`badge_${kind}`)}</sup>}</span> {t(`day_${kind}`)}</li>
      ))}
      <li><span class="day workday provisional" aria-hidden="true">1</span> {t("dayProvisional")}</li>
    </ul>
  );
}

function MonthTable({ month, sheet }: { month: Month; sheet: YearSheet }) {
  const [short, long] = [weekdays("narrow"), weekdays("long")];
  return (
    <table class="month">
      <caption>
        {monthText(month.month)}
        {hoursIn(sheet.hours, sheet.year, month.month).map((one) => <span key={one.from} class="soft">{spansText(one.spans) || t("noHours")}</span>)}
      </caption>
      <thead><tr>{short.map((text, n) => <th key={n} scope="col"><abbr title={long[n]} aria-label={long[n]}>{text}</abbr></th>)}</tr></thead>
      <tbody>{month.weeks.map((week, n) => <tr key={n}>{week.map((day, column) => (day ? <DayCell key={day.day} day={day} /> : <td key={column} />))}</tr>)}</tbody>
    </table>
  );
}

function DayCell({ day }: { day: Day }) {
  const named = day.kind === "rest" || day.kind === "make-up";
  const said = `${inLanguage(day.why, day.kind)}${day.provisional ? ` (${t("dayProvisional")})` : ""}`;
  const isToday = day.day === today();
  return (
    <td data-day={day.day} class={`day ${day.kind}${day.provisional ? " provisional" : ""}`} aria-current={isToday ? "date" : undefined} title={said}>
      {Number(day.day.slice(8))}
      {named && <sup aria-hidden="true">{t(day.kind === "rest" ? "badge_rest" : "badge_make-up")}</sup>}
      {(day.kind !== "workday" || day.provisional) && <span class="heard"> {said}</span>}
    </td>
  );
}

function Named({ sheet }: { sheet: YearSheet }) {
  return (
    <div class="beside">
      <section aria-labelledby="named-title">
        <h3 id="named-title">{t("holidays")}</h3>
        <ul>
          {namedDays(sheet.days).map((one) => (
            <li key={one.from}>
              <span class={`badge ${one.kind}`}>{t(`day_${one.kind}`)}</span> {one.from === one.to ? dayText(one.from) : t("fromTo", { from: dayText(one.from), to: dayText(one.to) })}
              {one.kind === "rest" && ` · ${inLanguage(one.why, "")}`}{one.provisional && <span class="soft"> · {t("dayProvisional")}</span>}
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="hours-title">
        <h3 id="hours-title">{t("hoursOf")}</h3>
        <ul>{sheet.hours.map((one) => <li key={one.from}>{t("fromTo", { from: dayText(one.from), to: dayText(one.to) })}: <strong>{spansText(one.spans) || t("noHours")}</strong></li>)}</ul>
      </section>
    </div>
  );
}
