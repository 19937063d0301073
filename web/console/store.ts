// What the page knows, and the few ways in which that changes.

import { computed, effect, signal } from "@preact/signals";
import { all, call, path, readClaims, Refusal, token, type Claims, type Page } from "../shared/api";
import type { LiveState } from "../shared/feed";
import { t, type Name } from "../shared/texts";
import { apply, isBefore, newer, order, type CaseEvent, type Row } from "./cases";
import { fromFragment, isInside, NONE, passes, toFragment, toQuery, type Box, type Filters, type Place } from "./filters";

export interface Area { code: string; name: Name; parent: string | null; level: string; bbox: Box }
export interface Condition { code: string; limit: string; text: Name; closing: Name }
export interface Category { code: string; name: Name; parent: Name; part_class: string | null; conditions: Condition[] }
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
type MapItem = Cluster | (Row & { kind: "case" });
interface MapAnswer { items: MapItem[]; total: number; at: string }

const PAGE = 100;
const MOST_ROWS = 20_000;
const AGAIN_MS = 3000;
const MOST_ASKED = 60;
const given = fromFragment(location.hash);

export const claims = signal<Claims | null>(null);
export const names = signal<Names | null>(null);
export const liveState = signal<LiveState | null>(null);
export const filters = signal<Filters>(given.filters);
export const chosen = signal<string | null>(given.chosen);
export const place = signal<Place | null>(given.place);
export const notice = signal<string>("");
export const signInNote = signal<string>("");

/** The list: cases that pass the filters, newest first, as far as they were asked for. */
export const list = signal<Row[]>([]);
export const listMore = signal<boolean>(false);
export const listState = signal<"loading" | "ready" | "failed" | "refused">("loading");

/** The map: what the service gathered in the box, with what the feed told since. */
export const box = signal<{ bounds: Box; zoom: number } | null>(null);
export const clusters = signal<Cluster[]>([]);
export const spots = signal<Row[]>([]);
export const total = signal<number>(0);
export const mapFailed = signal<boolean>(false);
/** Counts up when a case on the open sheet has changed. */
export const sheetTick = signal<number>(0);

const skew = signal(0);
export const tick = signal(Date.now());
/** The service's time, by which lateness is judged. */
export const now = computed(() => tick.value + skew.value);
export const lateInView = computed(() => {
  const at = now.value;
  const alone = spots.value.filter((row) => row.closed_at === null && row.due_at !== null && Date.parse(row.due_at) < at);
  return alone.length + clusters.value.reduce((sum, one) => sum + one.late, 0);
});

let after: string | null = null;
let listRun = 0;
let mapRun = 0;
let onRefusal: (error: Refusal) => void = () => {};

export const whenRefused = (heard: (error: Refusal) => void): void => void (onRefusal = heard);

/** Tells the page of a 401, which ends the session; answers whether it was one. */
export function refusedToken(error: unknown): boolean {
  if (!(error instanceof Refusal) || error.status !== 401) return false;
  onRefusal(error);
  return true;
}

export async function loadNames(): Promise<void> {
  const [areas, categories, departments] = await Promise.all([
    all<Area>("/areas"), all<Category>("/categories"), all<Department>("/departments"),
  ]);
  const by = <T extends { code: string }>(items: T[]): ReadonlyMap<string, T> => new Map(items.map((one) => [one.code, one]));
  names.value = { areas: by(areas), categories: by(categories), departments: by(departments) };
  claims.value = readClaims(token.get() ?? "");
}

export function forget(): void {
  listRun += 1;
  mapRun += 1;
  token.clear();
  after = null;
  waiting.length = 0;
  list.value = [];
  spots.value = [];
  clusters.value = [];
  total.value = 0;
  box.value = null;
  names.value = null;
  claims.value = null;
  liveState.value = null;
  notice.value = "";
}

// ---- the list

function listQuery(): Record<string, string> {
  const bounds = filters.value.view ? box.value?.bounds : undefined;
  return { ...toQuery(filters.value), ...(bounds ? { bbox: bounds.join(",") } : {}) };
}

const inList = (row: Row): boolean =>
  passes(row, filters.value, now.value) &&
  inScope(row) &&
  (!filters.value.view || !box.value || isInside(row, box.value.bounds));

function inScope(row: Row): boolean {
  const who = claims.value;
  if (!who) return true;
  if (who.role === "handler" && row.department !== who.department) return false;
  return Object.values(row.areas).includes(who.scope);
}

/** Reads the list from its top; `quietly` keeps what is shown until the answer is there. */
export async function loadList(quietly = false): Promise<void> {
  const run = (listRun += 1);
  if (!quietly) listState.value = "loading";
  const limit = quietly ? Math.min(Math.max(list.value.length, PAGE), 500) : PAGE;
  try {
    const page: Page<Row> = await call(path("/cases", { ...listQuery(), limit }));
    if (run !== listRun) return;
    const known = new Map(list.value.map((row) => [row.id, row]));
    const rows = page.items.map((found) => newer(known.get(found.id), found));
    // The feed may have told of cases that this answer was too early for.
    const first = rows[0];
    const fresh = list.value.filter((row) => (!first || order(row, first) < 0) && (row.heard ?? 0) > Date.now() - 5000);
    list.value = [...fresh, ...rows].filter(inList);
    after = page.next;
    listMore.value = page.next !== null;
    listState.value = "ready";
  } catch (error) {
    if (run === listRun) listFailed(error);
  }
}

function listFailed(error: unknown): void {
  if (refusedToken(error)) return;
  if (error instanceof Refusal && error.status === 403) {
    const { district, community, department } = filters.value;
    if (!district && !community && !department) {
      listState.value = "refused";
      return;
    }
    notice.value = t("outsideScope", { why: error.message });
    filters.value = { ...filters.value, district: "", community: "", department: "" };
    return;
  }
  if (error instanceof Refusal && error.status === 422) {
    notice.value = t("outsideScope", { why: error.message });
    filters.value = NONE;
    return;
  }
  listState.value = "failed";
  setTimeout(() => {
    if (names.value && listState.value === "failed") void loadList(true);
  }, AGAIN_MS);
}

let paging = false;

/** Reads the list's next page. */
export async function loadMore(): Promise<void> {
  if (paging || after === null) return;
  paging = true;
  const run = listRun;
  try {
    const page: Page<Row> = await call(path("/cases", { ...listQuery(), limit: PAGE, after }));
    if (run !== listRun) return;
    const known = new Set(list.value.map((row) => row.id));
    list.value = [...list.value, ...page.items.filter((row) => !known.has(row.id))].sort(order);
    after = page.next;
    listMore.value = after !== null;
  } catch (error) {
    if (run === listRun) refusedToken(error);
  } finally {
    paging = false;
  }
}

// ---- the map

/** Reads what the map shows. Answers how long that took, in milliseconds. */
export async function loadMap(): Promise<number> {
  const seen = box.value;
  if (!seen) return 0;
  const run = (mapRun += 1);
  const began = performance.now();
  try {
    const asked = { ...toQuery(filters.value), bbox: seen.bounds.join(","), zoom: seen.zoom.toFixed(2) };
    const answer: MapAnswer = await call(path("/map/cases", asked));
    if (run !== mapRun) return 0;
    skew.value = Date.parse(answer.at) - Date.now();
    const known = new Map(spots.value.map((row) => [row.id, row]));
    clusters.value = answer.items.filter((item) => item.kind === "cluster");
    spots.value = answer.items
      .filter((item) => item.kind === "case")
      .map((found) => newer(known.get(found.id), found))
      .filter((row) => passes(row, filters.value, now.value));
    total.value = answer.total;
    mapFailed.value = false;
  } catch (error) {
    if (run === mapRun && !refusedToken(error) && !(error instanceof Refusal && error.status < 500)) {
      mapFailed.value = true;
      setTimeout(() => names.value && refreshMap(), AGAIN_MS);
    }
  }
  return performance.now() - began;
}

let mapTimer: ReturnType<typeof setTimeout> | null = null;
let mapCost = 0;

/** Reads the map again soon; however often it is called, the service is asked in measure. */
export function refreshMap(soon = false): void {
  if (mapTimer !== null && !soon) return;
  if (mapTimer !== null) clearTimeout(mapTimer);
  mapTimer = setTimeout(async () => {
    mapTimer = null;
    mapCost = await loadMap();
  }, soon ? 60 : Math.max(700, mapCost * 8));
}

// ---- the feed

let heardWaiting: CaseEvent[] = [];
let flushing: ReturnType<typeof setTimeout> | null = null;

/** Takes an event of the feed; many that come together are shown together. */
export function hear(event: CaseEvent): void {
  heardWaiting.push(event);
  flushing ??= setTimeout(flush, 120);
}

function flush(): void {
  flushing = null;
  const events = heardWaiting;
  heardWaiting = [];
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

// ---- the address

let applying = false;

export function readAddress(): void {
  const { filters: found, chosen: id, place: at } = fromFragment(location.hash);
  applying = true;
  if (JSON.stringify(found) !== JSON.stringify(filters.value)) filters.value = found;
  chosen.value = id;
  if (at) place.value = at;
  applying = false;
}

/** From now on the address says what is shown. Going back closes what was opened. */
export function keepAddress(): void {
  let before = chosen.value;
  effect(() => {
    const text = toFragment({ filters: filters.value, chosen: chosen.value, place: place.value });
    const opened = chosen.value !== before && chosen.value !== null;
    before = chosen.value;
    if (applying || text === location.hash) return;
    history[opened ? "pushState" : "replaceState"](null, "", text || location.pathname);
  });
  window.addEventListener("popstate", readAddress);
  window.addEventListener("hashchange", readAddress);
}

export const areaName = (code: string | null | undefined): Name | undefined => names.value?.areas.get(code ?? "")?.name;
