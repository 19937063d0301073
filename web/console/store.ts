// What the page knows. Only `loading.ts`, `hearing.ts`, `address.ts` and the views change it.

import { computed, signal } from "@preact/signals";
import { Refusal, type Claims } from "../shared/api";
import type { LiveState } from "../shared/feed";
import type { Name } from "../shared/texts";
import { isLate, newer, type Row } from "./cases";
import { fromFragment, isInside, passes, type Box, type Filters, type Place, type Where } from "./filters";

export interface Area { code: string; name: Name; parent: string | null; level: string; bbox: Box }
export interface Condition { code: string; limit: string; clock: string; text: Name; closing: Name }
export interface Category { code: string; name: Name; parent: Name; conditions: Condition[] }
export interface Department { code: string; name: Name; parent: string }
export interface Names {
  areas: ReadonlyMap<string, Area>;
  categories: ReadonlyMap<string, Category>;
  departments: ReadonlyMap<string, Department>;
}
export interface Cluster {
  kind: "cluster"; count: number; late: number; states: Record<string, number>;
  location: { lon: number; lat: number }; bbox: Box;
}

const given = fromFragment(location.hash);

export const claims = signal<Claims | null>(null);
export const names = signal<Names | null>(null);
export const liveState = signal<LiveState | null>(null);
export const filters = signal<Filters>(given.filters);
export const chosen = signal<string | null>(given.chosen);
export const place = signal<Place | null>(given.place);
export const where = signal<Where>(given.where);
export const notice = signal<string>("");
export const signInNote = signal<string>("");

/** The list: cases that pass the filters, newest first, as far as they were asked for. */
export const list = signal<Row[]>([]);
export const listMore = signal<boolean>(false);
export const listState = signal<"loading" | "ready" | "failed" | "refused">("loading");

/** The map: what the service gathered in the box, with what the feed told since. The zoom is that of a small screen. */
export const box = signal<{ bounds: Box; zoom: number } | null>(null);
export const clusters = signal<Cluster[]>([]);
export const spots = signal<Row[]>([]);
export const total = signal<number>(0);
export const mapFailed = signal<boolean>(false);
/** The case of the open sheet, as it was read last. */
export const sheetRow = signal<Row | null>(null);
/** Counts up when a case on the open sheet has changed. */
export const sheetTick = signal<number>(0);
/** Counts up when any case may have changed: the feed told of one, or it is time to look again. */
export const anyTick = signal<number>(0);

export const skew = signal(0);
export const tick = signal(Date.now());
/** The service's time, by which lateness is judged. */
export const now = computed(() => tick.value + skew.value);
export const lateInView = computed(() => {
  const at = now.value;
  const alone = spots.value.filter((row) => isLate(row, at));
  return alone.length + clusters.value.reduce((sum, one) => sum + one.late, 0);
});

/** The chosen case: its sheet knows it when it is in a cluster, list or map may know it before the sheet is read. */
export const chosenRow = computed(() => {
  const key = chosen.value;
  const isChosen = (row: Row): boolean => row.number === key || row.id === key;
  const found = [sheetRow.value, spots.value.find(isChosen), list.value.find(isChosen)].filter((row) => !!row && isChosen(row)) as Row[];
  return found.length === 0 ? null : found.reduce(newer);
});

let onRefusal: (error: Refusal) => void = () => {};

export const whenRefused = (heard: (error: Refusal) => void): void => void (onRefusal = heard);

/** Tells the page of a 401, which ends the session; answers whether it was one. */
export function refusedToken(error: unknown): boolean {
  if (!(error instanceof Refusal) || error.status !== 401) return false;
  onRefusal(error);
  return true;
}

export const areaName = (code: string | null | undefined): Name | undefined => names.value?.areas.get(code ?? "")?.name;

/** Whether the list as it is narrowed now holds a case. */
export const inList = (row: Row): boolean =>
  passes(row, filters.value, now.value) &&
  inScope(row) &&
  (!filters.value.view || !box.value || isInside(row, box.value.bounds));

/** Whether the caller may see a case; one that moved out of the scope is seen no more. */
export function inScope(row: Row): boolean {
  const who = claims.value;
  if (!who) return true;
  const assists = !row.assistants || row.assistants.some((one) => one.department === who.department);
  if (who.role === "handler" && row.department !== who.department && !assists) return false;
  return Object.values(row.areas).includes(who.scope);
}
