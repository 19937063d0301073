// A clock's life on a line: where each stretch, mark and moment lies, in parts of the whole (0 to 1).

import type { Deadline } from "./sheet";
import type { Name } from "../shared/texts";

export type PieceKind = "counted" | "idle" | "pause";
export interface Piece { kind: PieceKind; from: number; to: number; why: Name | null; began: string; ended: string }
export type TickKind = "soon" | "due" | "extended" | "stopped" | "now";
export interface Tick { kind: TickKind; at: number; moment: number; n: number }
export interface Day { at: number; day: number }
export interface TimeLine { from: number; to: number; pieces: Piece[]; ticks: Tick[]; days: Day[]; nowBeyond: boolean }

const DAY = 86_400_000;
const MOST_DAYS = 12;
// How far past its end a line shows how late it is; what is later yet lies at the edge.
const BEYOND = 0.25;

/** Lays a clock out; null for one that has not run for a moment. */
export function layOut(clock: Deadline, now: number): TimeLine | null {
  const from = Date.parse(clock.breakdown[0]?.from ?? clock.started_at);
  const end = Date.parse(clock.due_at ?? clock.stopped_at ?? clock.started_at);
  if (!(end > from)) return null;
  const latest = end + (end - from) * BEYOND;
  const to = clock.due_at ? Math.min(Math.max(end, now), latest) : end;
  const place = (moment: number): number => Math.min(1, Math.max(0, (moment - from) / (to - from)));
  return {
    from, to,
    pieces: pieces(clock, place),
    ticks: ticks(clock, now, place),
    days: midnights(from, to).map((day) => ({ at: place(day), day })),
    nowBeyond: clock.due_at !== null && now > latest,
  };
}

function pieces(clock: Deadline, place: (moment: number) => number): Piece[] {
  const pauses = new Set(clock.pauses.map((one) => `${one.from}/${one.to}`));
  return clock.breakdown.map((span) => ({
    kind: span.counted ? "counted" : pauses.has(`${span.from}/${span.to}`) ? "pause" : "idle",
    from: place(Date.parse(span.from)), to: place(Date.parse(span.to)), why: span.why, began: span.from, ended: span.to,
  }));
}

function ticks(clock: Deadline, now: number, place: (moment: number) => number): Tick[] {
  const found: Tick[] = [];
  const add = (kind: TickKind, moment: number, n = 0): void => void found.push({ kind, at: place(moment), moment, n });
  for (let n = 1; n <= clock.extensions && clock.due_at; n += 1) {
    const ended = momentCounted(clock, n / (1 + clock.extensions));
    if (ended !== null) add("extended", ended, n);
  }
  if (clock.soon_at) add("soon", Date.parse(clock.soon_at));
  if (clock.due_at) add("due", Date.parse(clock.due_at));
  else if (clock.stopped_at) add("stopped", Date.parse(clock.stopped_at));
  // A clock that stands has no now: what goes by is not counted.
  if (clock.due_at) add("now", now);
  return found;
}

/** When a part of all that the clock counts until it is due had been counted. */
export function momentCounted(clock: Deadline, part: number): number | null {
  const counted = clock.breakdown.filter((span) => span.counted);
  const length = (span: { from: string; to: string }): number => Date.parse(span.to) - Date.parse(span.from);
  let left = counted.reduce((sum, span) => sum + length(span), 0) * part;
  for (const span of counted) {
    if (left <= length(span)) return Date.parse(span.from) + left;
    left -= length(span);
  }
  return null;
}

/** The city's midnights on the line, or every n-th of them where there are many. */
function midnights(from: number, to: number): number[] {
  const zone = 8 * 3_600_000;
  const first = Math.ceil((from + zone) / DAY) * DAY - zone;
  const all = Math.max(0, Math.floor((to - first) / DAY) + 1);
  const step = Math.max(1, Math.ceil(all / MOST_DAYS));
  return Array.from({ length: Math.ceil(all / step) }, (_, n) => first + n * step * DAY);
}
