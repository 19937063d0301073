// What the list, the map and the address are narrowed to; the three follow one value.

import type { Row } from "./cases";
import { FINAL, isLate } from "./cases";

export interface Filters {
  district: string;
  community: string;
  /** A state; "" is what is not over yet, ANY is everything. */
  state: string;
  department: string;
  category: string;
  /** "late", "intime" or "" for both. */
  late: string;
  q: string;
  /** Whether the list shows only what the map shows. */
  view: boolean;
}
export interface Place { zoom: number; lon: number; lat: number }
/** Which page is open; `of` is what it shows (a queue, a definition, a calendar), `year` a sheet's. */
export interface Where { page: PageName; of: string; year: string }
export const PAGES = ["map", "queues", "workflow", "calendar"] as const;
export type PageName = (typeof PAGES)[number];
export const START: Where = { page: "map", of: "", year: "" };
export interface Address { filters: Filters; chosen: string | null; place: Place | null; where: Where }

export const ANY = "any";
export const NONE: Filters = {
  district: "", community: "", state: "", department: "", category: "", late: "", q: "", view: false,
};
const WORDS = ["district", "community", "state", "department", "category", "late", "q"] as const;

/** The address's fragment. A token is never part of it. */
export function toFragment({ filters, chosen, place, where }: Address): string {
  const found = new URLSearchParams();
  for (const name of WORDS) if (filters[name]) found.set(name, filters[name]);
  if (filters.view) found.set("view", "1");
  if (where.page !== "map") found.set("page", where.page);
  if (where.of) found.set("of", where.of);
  if (where.year) found.set("year", where.year);
  if (chosen) found.set("case", chosen);
  if (place) found.set("at", `${place.zoom.toFixed(2)}/${place.lat.toFixed(5)}/${place.lon.toFixed(5)}`);
  const text = found.toString().replaceAll("%2F", "/");
  return text ? `#${text}` : "";
}

/** Reads an address; whatever in it cannot be is left out. */
export function fromFragment(fragment: string): Address {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const filters = { ...NONE };
  for (const name of WORDS) filters[name] = (given.get(name) ?? "").slice(0, 60).replaceAll("\0", "");
  if (filters.late !== "late" && filters.late !== "intime") filters.late = "";
  filters.view = given.get("view") === "1";
  return { filters, chosen: given.get("case") || null, place: readPlace(given.get("at")), where: readWhere(given) };
}

function readWhere(given: URLSearchParams): Where {
  const page = PAGES.find((one) => one === given.get("page")) ?? "map";
  if (page === "map") return START;
  const year = /^\d{4}$/.test(given.get("year") ?? "") && page === "calendar" ? (given.get("year") as string) : "";
  return { page, of: (given.get("of") ?? "").slice(0, 200).replaceAll("\0", ""), year };
}

function readPlace(text: string | null): Place | null {
  const [zoom, lat, lon] = (text ?? "").split("/").map((part) => (part ? Number(part) : NaN));
  if (zoom === undefined || lat === undefined || lon === undefined) return null;
  const known = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
  return known ? { zoom, lat, lon } : null;
}

/** A token that was given in the fragment, and the fragment without it. */
export function takeToken(fragment: string): { token: string | null; rest: string } {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const token = given.get("token");
  given.delete("token");
  const rest = given.toString().replaceAll("%2F", "/");
  return { token, rest: rest ? `#${rest}` : "" };
}

/** The filters as the service's lists take them. */
export function toQuery(filters: Filters): Record<string, string> {
  const { district, community, department, category, q, state, late } = filters;
  const query: Record<string, string> = { district, community, department, category, q };
  if (state === "") query["open"] = "true";
  else if (state !== ANY) query["state"] = state;
  if (late) query["overdue"] = late === "late" ? "true" : "false";
  return query;
}

/** What the service's filters would say of a case as it is known here. */
export function passes(row: Row, filters: Filters, now: number): boolean {
  const { district, community, state, department, category, late, q } = filters;
  if (state === "" && FINAL.has(row.state)) return false;
  if (state !== "" && state !== ANY && row.state !== state) return false;
  if (late && isLate(row, now) !== (late === "late")) return false;
  return (
    (!district || row.areas.district === district) &&
    (!community || row.areas.community === community) &&
    (!department || row.department === department) &&
    (!category || row.category === category) &&
    (!q || row.number.startsWith(q))
  );
}

export type Box = [west: number, south: number, east: number, north: number];
export const isInside = (row: Row, [west, south, east, north]: Box): boolean =>
  row.location.lon >= west && row.location.lon <= east && row.location.lat >= south && row.location.lat <= north;
