// Reads names, list and map from the service.

import { all, call, path, readClaims, Refusal, token, type Page } from "../shared/api";
import { t } from "../shared/texts";
import { forgetDefinitions, readDefinitions } from "./definitions";
import { clearPicked } from "./picking";
import { newer, order, type Row } from "./cases";
import { NONE, passes, toQuery } from "./filters";
import {
  box, claims, clusters, filters, inList, list, listMore, listState, liveState, mapFailed, names, notice, now, refusedToken, sheetRow, skew, spots, total,
  type Area, type Category, type Cluster, type Department,
} from "./store";

type MapItem = Cluster | (Row & { kind: "case" });
interface MapAnswer { items: MapItem[]; total: number; at: string }

const PAGE = 100;
const AGAIN_MS = 3000;
let after: string | null = null;
let listRun = 0;
let mapRun = 0;

export async function loadNames(): Promise<void> {
  const [areas, categories, departments] = await Promise.all([
    all<Area>("/areas"), all<Category>("/categories"), all<Department>("/departments"),
  ]);
  const by = <T extends { code: string }>(items: T[]): ReadonlyMap<string, T> => new Map(items.map((one) => [one.code, one]));
  names.value = { areas: by(areas), categories: by(categories), departments: by(departments) };
  claims.value = readClaims(token.get() ?? "");
  // Not waited for: without them a city's own words are missing, and nothing else.
  readDefinitions().catch(refusedToken);
}

/** Forgets every case: what is read next is true, whatever was known. */
export function forgetCases(): void {
  list.value = [];
  spots.value = [];
  clusters.value = [];
  sheetRow.value = null;
}

/** Forgets everything, the token too. */
export function forget(): void {
  listRun += 1;
  mapRun += 1;
  token.clear();
  clearPicked();
  after = null;
  forgetCases();
  total.value = 0;
  box.value = null;
  names.value = null;
  claims.value = null;
  liveState.value = null;
  notice.value = "";
  forgetDefinitions();
}

function listQuery(): Record<string, string> {
  const bounds = filters.value.view ? box.value?.bounds : undefined;
  return { ...toQuery(filters.value), ...(bounds ? { bbox: bounds.join(",") } : {}) };
}

/** Reads the list from its top; `quietly` keeps what was read below the first page. */
export async function loadList(quietly = false): Promise<void> {
  const run = (listRun += 1);
  if (!quietly) listState.value = "loading";
  try {
    const page: Page<Row> = await call(path("/cases", { ...listQuery(), limit: PAGE }));
    if (run !== listRun) return;
    const known = new Map(list.value.map((row) => [row.id, row]));
    const rows = page.items.map((found) => newer(known.get(found.id), found));
    // The feed may have told of cases that this answer was too early for.
    const first = rows[0];
    const fresh = list.value.filter((row) => (!first || order(row, first) < 0) && (row.heard ?? 0) > Date.now() - 5000);
    const last = rows.at(-1);
    const below = quietly && page.next && last ? list.value.filter((row) => order(row, last) > 0) : [];
    list.value = [...fresh, ...rows, ...below].filter(inList);
    if (below.length === 0) after = page.next;
    listMore.value = after !== null;
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
