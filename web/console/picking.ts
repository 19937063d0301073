// The cases that were chosen in a list, to act on together.

import { computed, effect, signal, untracked } from "@preact/signals";
import type { Claims } from "../shared/api";
import { filters, where } from "./store";

/** A case as a selection remembers it, whatever becomes of its row. */
export interface Pick { id: string; number: string }
export type Picked = ReadonlyMap<string, Pick>;

/** As many as the service takes in one request. */
export const PICKED_MOST = 200;
const NOBODY: Picked = new Map();

export const picked = signal<Picked>(NOBODY);
/** Whether more was to be chosen than go together. */
export const pickedFull = signal(false);
/** Whether the page shows what can be done with all of them. */
export const together = signal(false);
let anchor: string | null = null;

const ACTING = new Set(["member", "acceptor", "dispatcher", "handler", "supervisor"]);

/** Whether there is anything to choose cases for. */
export const mayPick = (who: Claims | null): boolean => ACTING.has(who?.role ?? "");

/** A selection with others added to it, as far as there is room. */
export function added(before: Picked, rows: readonly Pick[]): { after: Picked; full: boolean } {
  const after = new Map(before);
  for (const { id, number } of rows) {
    if (after.size >= PICKED_MOST && !after.has(id)) return { after, full: true };
    after.set(id, { id, number });
  }
  return { after, full: false };
}

export function without(before: Picked, ids: Iterable<string>): Picked {
  const after = new Map(before);
  for (const id of ids) after.delete(id);
  return after;
}

/** The rows from one to another, both of them too, in whichever order they stand. */
export const between = <T>(rows: readonly T[], one: number, other: number): T[] =>
  rows.slice(Math.max(0, Math.min(one, other)), Math.max(one, other) + 1);

/** What moving with Shift makes of a selection: the range from `fixed` ends at `to`, no longer at `from`. */
export function stretched(before: Picked, rows: readonly Pick[], fixed: number, from: number, to: number): { after: Picked; full: boolean } {
  return added(without(before, between(rows, fixed, from).map((row) => row.id)), between(rows, fixed, to));
}

function put({ after, full }: { after: Picked; full: boolean }): void {
  picked.value = after;
  pickedFull.value = full;
}

/** Chooses a case, or leaves it out again. */
export function turn(row: Pick): void {
  anchor = row.id;
  if (picked.value.has(row.id)) leaveOut([row.id]);
  else put(added(picked.value, [row]));
}

/** Chooses all from the case that was turned last to this one. */
export function turnTo(rows: readonly Pick[], row: Pick): void {
  const [from, to] = [placeOf(rows, anchor), placeOf(rows, row.id)];
  if (from < 0) turn(row);
  else put(added(picked.value, between(rows, from, to)));
}

/** Moves the end of the range that began where the last case was turned. */
export function stretch(rows: readonly Pick[], from: number, to: number): void {
  if (placeOf(rows, anchor) < 0) anchor = rows[Math.max(0, from)]?.id ?? null;
  const fixed = placeOf(rows, anchor);
  if (fixed >= 0) put(stretched(picked.value, rows, fixed, Math.max(0, from), to));
}

const placeOf = (rows: readonly Pick[], id: string | null): number => rows.findIndex((row) => row.id === id);

/** Chooses all rows, or leaves all of them out when all were chosen. */
export function turnAll(rows: readonly Pick[]): void {
  const first = rows.slice(0, PICKED_MOST);
  if (first.every((row) => picked.value.has(row.id))) leaveOut(rows.map((row) => row.id));
  else put(added(picked.value, first));
}

export const leaveOut = (ids: Iterable<string>): void => put({ after: without(picked.value, ids), full: false });

export function clearPicked(): void {
  anchor = null;
  put({ after: NOBODY, full: false });
  together.value = false;
}

/** What was chosen in one list is not acted on from another. */
export function clearOnMove(): void {
  const open = computed(() => `${where.value.page} ${where.value.of}`);
  effect(() => {
    void filters.value;
    void open.value;
    untracked(clearPicked);
  });
}
