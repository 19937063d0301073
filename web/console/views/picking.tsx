import { useEffect, useRef } from "preact/hooks";
import { figure, t } from "../../shared/texts";
import { clearPicked, mayPick, picked, PICKED_MOST, pickedFull, stretch, together, turn, turnAll, turnTo, type Pick } from "../picking";
import { chosen, claims } from "../store";

/** A row's tick box; with Shift it chooses all from the one that was turned last. */
export function Tick({ row, rows, tab, onFocus }: { row: Pick; rows: readonly Pick[]; tab: boolean; onFocus: () => void }) {
  if (!mayPick(claims.value)) return null;
  return (
    <label class="tick">
      <input type="checkbox" data-tick={row.number} aria-label={t("pick", { number: row.number })} tabIndex={tab ? 0 : -1} checked={picked.value.has(row.id)}
        onFocus={onFocus} onClick={(event) => (event.shiftKey ? turnTo(rows, row) : turn(row))} />
    </label>
  );
}

/** Says on the row itself that it was chosen. */
export const Ticked = ({ row }: { row: Pick }) => (picked.value.has(row.id) ? <span class="heard">{t("picked")}</span> : null);

/** What a click on a row does: it opens the case, or chooses with Shift, Ctrl or Cmd. */
export function clickRow(event: MouseEvent, rows: readonly Pick[], row: Pick): void {
  const choose = mayPick(claims.value);
  if (choose && event.shiftKey) turnTo(rows, row);
  else if (choose && (event.ctrlKey || event.metaKey)) turn(row);
  else chosen.value = row.number;
}

/** Takes the keys of a selection; `from` has the focus, and `next` gets it. Answers whether the key is used up. */
export function pickKey(event: KeyboardEvent, rows: readonly Pick[], from: number, next: number | null): boolean {
  if (!mayPick(claims.value)) return false;
  const row = rows[from];
  if (event.key === "Escape" && picked.value.size > 0) clearPicked();
  else if (event.key === " " && row && event.target instanceof HTMLButtonElement) turn(row);
  else {
    if (event.shiftKey && next !== null) stretch(rows, from, next);
    return false;
  }
  event.preventDefault();
  return true;
}

/** Some browsers press a button when Space comes up, whatever was said when it went down. */
export function noSpace(event: KeyboardEvent): void {
  if (event.key === " " && event.target instanceof HTMLButtonElement && mayPick(claims.value)) event.preventDefault();
}

/** Chooses all that is shown, or the first of it as far as they go together. */
export function PickAll({ rows }: { rows: readonly Pick[] }) {
  const box = useRef<HTMLInputElement>(null);
  const first = rows.slice(0, PICKED_MOST);
  const count = first.filter((row) => picked.value.has(row.id)).length;
  const all = count > 0 && count === first.length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = count > 0 && !all;
  });
  if (!mayPick(claims.value) || rows.length === 0) return null;
  return (
    <label class="check pick-all">
      <input type="checkbox" ref={box} checked={all} onClick={() => turnAll(rows)} />
      {rows.length > PICKED_MOST ? t("pickFirst", { n: PICKED_MOST }) : t("pickAll")}
    </label>
  );
}

/** How many are chosen, and what may be done with them. The count is there from the start, so that it is read out. */
export function PickBar() {
  const count = picked.value.size;
  if (!mayPick(claims.value)) return null;
  const open = (): void => {
    chosen.value = null;
    together.value = true;
    requestAnimationFrame(() => document.getElementById("together-title")?.focus());
  };
  const clear = (): void => {
    clearPicked();
    document.getElementById("list")?.focus();
    document.querySelector<HTMLElement>('#queue [data-walk][tabindex="0"]')?.focus();
  };
  return (
    <div id="picked" role="group" aria-label={t("pickedBar")} class={count ? "" : "empty"} onKeyDown={(event) => { if (event.key === "Escape" && count) clear(); }}>
      <p role="status">{count > 0 && t("pickedCount", { n: figure(count) })}{pickedFull.value && <span class="late"> {t("pickMost", { n: PICKED_MOST })}</span>}</p>
      {count > 0 && <button type="button" class="strong" id="act-together" aria-expanded={together.value && chosen.value === null} onClick={open}>{t("together")}</button>}
      {count > 0 && <button type="button" onClick={clear}>{t("pickClear")}</button>}
    </div>
  );
}
