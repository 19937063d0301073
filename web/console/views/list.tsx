import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { figure, inLanguage, shortMoment, t } from "../../shared/texts";
import { STATES, word } from "../../shared/words";
import { isLate, phaseOf, type Row } from "../cases";
import { loadMore } from "../loading";
import { chosen, list, listMore, listState, names, now } from "../store";
import { clickRow, noSpace, PickAll, PickBar, pickKey, Tick, Ticked } from "./picking";
import { stepTo } from "./walk";

const ROW_REM = 4.1;
const BEYOND = 6;
const rowPixels = (): number => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

/** Only the rows in sight are drawn, so that ten thousand cost no more than twenty. */
export function CaseList() {
  const frame = useRef<HTMLDivElement>(null);
  const anchor = useRef<{ id: string; offset: number } | null>(null);
  const [seen, setSeen] = useState({ top: 0, height: 800, row: 60 });
  const [focused, setFocused] = useState<string | null>(null);
  const rows = list.value;

  const look = (): void => {
    const at = frame.current;
    if (!at) return;
    const row = rowPixels();
    const first = list.value[Math.floor(at.scrollTop / row)];
    anchor.current = first && at.scrollTop > row / 2 ? { id: first.id, offset: at.scrollTop % row } : null;
    setSeen({ top: at.scrollTop, height: at.clientHeight, row });
    if (at.scrollTop + at.clientHeight > (list.value.length - 20) * row) void loadMore();
  };
  useEffect(() => {
    const watch = new ResizeObserver(look);
    if (frame.current) watch.observe(frame.current);
    return () => watch.disconnect();
  }, []);
  // What the reader looks at stays where it is while new cases come in above.
  useLayoutEffect(() => {
    const at = frame.current;
    const kept = anchor.current;
    const index = kept ? rows.findIndex((row) => row.id === kept.id) : -1;
    if (at && kept && index >= 0) at.scrollTop = index * seen.row + kept.offset;
  }, [rows]);

  const go = (index: number): void => {
    const at = frame.current;
    const target = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (!at || !target) return;
    const top = rows.indexOf(target) * seen.row;
    if (top < at.scrollTop) at.scrollTop = top;
    else if (top + seen.row > at.scrollTop + at.clientHeight) at.scrollTop = top + seen.row - at.clientHeight;
    setFocused(target.id);
    requestAnimationFrame(() => at.querySelector<HTMLElement>(`[data-id="${target.id}"]`)?.focus());
  };
  const keys = (event: KeyboardEvent): void => {
    const index = focused ? rows.findIndex((row) => row.id === focused) : -1;
    const next = stepTo(event.key, index, rows.length, Math.max(1, Math.floor(seen.height / seen.row) - 1));
    if (pickKey(event, rows, index, next) || next === null) return;
    event.preventDefault();
    go(next);
  };

  const first = Math.max(0, Math.floor(seen.top / seen.row) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((seen.top + seen.height) / seen.row) + BEYOND);
  const drawn = rows.slice(first, last).map((row, index): [Row, number] => [row, first + index]);
  const kept = focused ? rows.findIndex((row) => row.id === focused) : -1;
  if (kept >= 0 && (kept < first || kept >= last)) drawn.push([rows[kept] as Row, kept]);
  const entry = kept >= 0 ? focused : rows[0]?.id;
  return (
    <>
      <div class="list-head">
        <h2 id="list-title">
          {t("cases")} <span class="soft">{t("shown", { n: figure(rows.length) })}{listMore.value && ` · ${t("more")}`}</span>
        </h2>
        <PickAll rows={rows} />
      </div>
      {listState.value === "refused" && <p class="late" role="alert">{t("noRight")}</p>}
      {listState.value === "failed" && <p class="late" role="alert">{t("listFailed")}</p>}
      {listState.value === "loading" && <p class="soft" role="status">{t("loading")}</p>}
      {listState.value === "ready" && rows.length === 0 && <p class="soft" role="status">{t("none")}</p>}
      <div id="list" class="list" ref={frame} tabIndex={rows.length ? -1 : 0} aria-labelledby="list-title" role="region"
        onScroll={look} onKeyDown={keys} onKeyUp={noSpace} onFocus={(event) => { if (event.target === event.currentTarget && rows.length) go(Math.max(0, kept)); }}>
        <ul role="list" style={{ height: `${rows.length * seen.row}px` }}>
          {drawn.map(([row, index]) => (
            <li key={row.id} aria-setsize={rows.length} aria-posinset={index + 1} style={{ top: `${index * seen.row}px`, height: `${seen.row}px` }}>
              <Tick row={row} rows={rows} tab={row.id === entry} onFocus={() => setFocused(row.id)} />
              <CaseButton row={row} rows={rows} tab={row.id === entry} onFocus={() => setFocused(row.id)} />
            </li>
          ))}
        </ul>
      </div>
      <PickBar />
    </>
  );
}

function CaseButton({ row, rows, tab, onFocus }: { row: Row; rows: Row[]; tab: boolean; onFocus: () => void }) {
  const known = names.value;
  const late = isLate(row, now.value);
  const fresh = row.heard !== undefined && Date.now() - row.heard < 8000;
  return (
    <button type="button" data-id={row.id} data-number={row.number} class={fresh ? "fresh" : ""} tabIndex={tab ? 0 : -1}
      aria-current={chosen.value === row.number ? "true" : undefined} onFocus={onFocus} onClick={(event) => clickRow(event, rows, row)}>
      <span class="number">{row.number}<Ticked row={row} /></span>
      <span class="state"><span class={`mark ${phaseOf(row.state)}${late ? " is-late" : ""}`} aria-hidden="true" />{word(STATES, row.state)}</span>
      <span class="what">{inLanguage(known?.categories.get(row.category)?.name, row.category)}</span>
      <span class={late ? "late" : "soft"}>{late ? t("late") : shortMoment(row.opened_at)}</span>
      <span class="where soft">{inLanguage(known?.areas.get(row.areas.district)?.name, row.areas.district)} {inLanguage(known?.areas.get(row.areas.community)?.name, row.areas.community)}</span>
    </button>
  );
}
