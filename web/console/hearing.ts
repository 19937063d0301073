// Takes what the feed tells into list and map.

import { call, Refusal } from "../shared/api";
import { apply, isBefore, newer, order, type CaseEvent, type Row } from "./cases";
import { isInside, passes } from "./filters";
import { loadList, refreshMap } from "./loading";
import { anyTick, box, chosen, filters, inList, inScope, list, listMore, now, refusedToken, sheetTick, spots } from "./store";

const TOGETHER_MS = 120;
const MOST_ROWS = 20_000;
const MOST_ASKED = 60;

let heardWaiting: CaseEvent[] = [];
let flushing: ReturnType<typeof setTimeout> | null = null;

/** Forgets what was heard and not shown yet. */
export function forgetHeard(): void {
  heardWaiting = [];
  waiting.length = 0;
}

/** Takes an event of the feed; many that come together are shown together. */
export function hear(event: CaseEvent): void {
  heardWaiting.push(event);
  flushing ??= setTimeout(flush, TOGETHER_MS);
}

function flush(): void {
  flushing = null;
  const events = heardWaiting;
  heardWaiting = [];
  anyTick.value += 1;
  const inRows = new Map(list.value.map((row) => [row.id, row]));
  const inSpots = new Map(spots.value.map((row) => [row.id, row]));
  for (const event of events) take(event, inRows, inSpots);
  list.value = trimmed([...inRows.values()].filter(inList).sort(order));
  spots.value = [...inSpots.values()].filter((row) => passes(row, filters.value, now.value) && inScope(row));
}

function take(event: CaseEvent, inRows: Map<string, Row>, inSpots: Map<string, Row>): void {
  if (chosen.value === event.number) sheetTick.value += 1;
  const known = inRows.get(event.case) ?? inSpots.get(event.case);
  const found = apply(known, event);
  if (found === "stale") return;
  // A cluster may hold the case: its numbers come from the service.
  refreshMap();
  if (found === "unknown") {
    askFor(event, known !== undefined);
    return;
  }
  const row = { ...found, heard: Date.now() };
  if (known && inRows.has(row.id)) inRows.set(row.id, row);
  else if (!isBeyond(row)) inRows.set(row.id, row);
  if (inSpots.has(row.id) || (row.seq === 1 && box.value && isInside(row, box.value.bounds))) inSpots.set(row.id, row);
}

/** Whether the case belongs to a part of the list that was not asked for yet. */
function isBeyond(row: Row): boolean {
  const last = list.value.at(-1);
  return listMore.value && last !== undefined && order(row, last) > 0;
}

/** A list longer than anyone reads begins anew at its top. */
function trimmed(rows: Row[]): Row[] {
  if (rows.length > MOST_ROWS) setTimeout(() => void loadList(), 0);
  return rows;
}

const waiting: string[] = [];
let asking = 0;

function askFor(event: CaseEvent, known: boolean): void {
  const last = list.value.at(-1);
  if (!known && listMore.value && last && isBefore(event.number, last.number)) return;
  if (waiting.includes(event.case)) return;
  waiting.push(event.case);
  if (waiting.length > MOST_ASKED) {
    waiting.length = 0;
    void loadList(true);
    return;
  }
  void askNext();
}

async function askNext(): Promise<void> {
  if (asking >= 2) return;
  asking += 1;
  try {
    for (let id = waiting.shift(); id; id = waiting.shift()) {
      try {
        keep(await call<Row>(`/cases/${id}`), true);
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) drop(id);
        else if (refusedToken(error)) return;
      }
    }
  } finally {
    asking -= 1;
  }
}

/** Time passes: what has become late since is judged again by a filter that asks for it. */
export function lookAgain(): void {
  if (!filters.value.late || !list.value.length) return;
  list.value = list.value.filter(inList);
  spots.value = spots.value.filter((row) => passes(row, filters.value, now.value));
}

/** Takes a case that was read or acted on into list and map. */
export function keep(found: Row, fresh = false): void {
  const row: Row = fresh ? { ...found, heard: Date.now() } : found;
  const others = list.value.filter((one) => one.id !== row.id);
  const known = list.value.find((one) => one.id === row.id);
  const best = newer(known, row);
  if (known || !isBeyond(best)) list.value = [...others, best].filter(inList).sort(order);
  spots.value = spots.value
    .map((one) => (one.id === row.id ? newer(one, row) : one))
    .filter((one) => passes(one, filters.value, now.value) && inScope(one));
}

function drop(id: string): void {
  list.value = list.value.filter((row) => row.id !== id);
  spots.value = spots.value.filter((row) => row.id !== id);
}
