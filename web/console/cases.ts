// A case as lists and the map show it, and how events of the feed change it.

export interface Areas { city: string; district: string; community: string }
export interface Row {
  id: string;
  number: string;
  category: string;
  state: string;
  seq: number;
  areas: Areas;
  location: { lon: number; lat: number };
  opened_at: string;
  closed_at: string | null;
  due_at: string | null;
  department: string | null;
  /** Told by a sheet only; lists hold what the caller may see already. */
  assistants?: { department: string }[];
  /** When the feed told of it, in milliseconds; what is new is marked for a moment. */
  heard?: number;
}

export interface Clock { due_at: string | null; stopped_at: string | null }
export interface CaseEvent {
  case: string;
  number: string;
  seq: number;
  type: string;
  at: string;
  state: string;
  areas: Areas;
  department: string | null;
  category: string;
  lon: number;
  lat: number;
  body: { deadlines?: Clock[] };
}

/** States in which a case is over; definitions of a city add theirs. */
export const FINAL = new Set(["closed", "rejected", "voided"]);

/** `stale`: known already. `unknown`: what came before it is not known here; read it anew. */
export type Applied = Row | "stale" | "unknown";

export function apply(row: Row | undefined, event: CaseEvent): Applied {
  if (row && event.seq <= row.seq) return "stale";
  if (event.seq !== (row?.seq ?? 0) + 1) return "unknown";
  return {
    id: event.case,
    number: event.number,
    category: event.category,
    state: event.state,
    seq: event.seq,
    areas: event.areas,
    location: { lon: Number(event.lon), lat: Number(event.lat) },
    opened_at: row?.opened_at ?? event.at,
    closed_at: FINAL.has(event.state) ? (row?.closed_at ?? event.at) : null,
    due_at: dueAfter(row?.due_at ?? null, event.body.deadlines),
    department: event.department,
  };
}

/** An event names the clocks that it moved: one that runs is the case's, else its clock stands. */
function dueAfter(before: string | null, moved: Clock[] | undefined): string | null {
  if (!moved || moved.length === 0) return before;
  return moved.find((clock) => clock.due_at && !clock.stopped_at)?.due_at ?? null;
}

export const isLate = (row: Pick<Row, "closed_at" | "due_at">, now: number): boolean =>
  row.closed_at === null && row.due_at !== null && Date.parse(row.due_at) < now;

/** Newest first, as the service lists them. */
export function order(a: Row, b: Row): number {
  if (a.opened_at !== b.opened_at) return a.opened_at < b.opened_at ? 1 : -1;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

/** The newer knowledge of a case wins, whichever way it came. */
export const newer = (known: Row | undefined, found: Row): Row =>
  known && known.seq >= found.seq ? known : found;

/** Whether a case number was given before another: prefix, day, then a serial that grows. */
export function isBefore(number: string, other: string): boolean {
  const parts = /^(\D*)(\d{8})(\d+)$/;
  const [, , day, serial] = parts.exec(number) ?? [];
  const [, , otherDay, otherSerial] = parts.exec(other) ?? [];
  if (!day || !otherDay || !serial || !otherSerial) return false;
  return day === otherDay ? Number(serial) < Number(otherSerial) : day < otherDay;
}

export const PHASES = ["waiting", "routing", "handling", "checking", "over"] as const;
export type Phase = (typeof PHASES)[number];
const PHASE_OF: Record<string, Phase> = {
  reported: "waiting", accepted: "waiting", verifying: "waiting", filed: "routing", returned: "routing",
  dispatched: "handling", handling: "handling", reworked: "handling",
  handled: "checking", inspecting: "checking", closed: "over", rejected: "over", voided: "over",
  first_level: "handling", at_district: "handling", at_city: "handling", at_centre: "handling", whistled: "handling",
  answering: "handling", arriving: "handling", on_site: "handling", supplementing: "handling",
  self_handled: "checking", solved: "checking", answered: "checking", archived: "over",
};
/** What a state of a city's own means for colours; those known here keep theirs. */
export function learnPhase(state: string, phase: Phase): void {
  PHASE_OF[state] ??= phase;
}
export const phaseOf = (state: string): Phase => PHASE_OF[state] ?? "waiting";
