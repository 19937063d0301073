// How late a case is for the desk that has it: green, yellow from four fifths of the limit on, red.

export interface Waiting {
  stage: string; limit: string; clock: string; started_at: string; soon_at: string | null; due_at: string | null;
}
export const LATENESSES = ["late", "soon", "fine", "none"] as const;
export type Lateness = (typeof LATENESSES)[number];

/** `none`: no clock runs. What is due at this very moment is late. */
export function latenessOf(waiting: Waiting | null, now: number): Lateness {
  if (!waiting?.due_at) return "none";
  if (Date.parse(waiting.due_at) <= now) return "late";
  return waiting.soon_at !== null && Date.parse(waiting.soon_at) <= now ? "soon" : "fine";
}

const MINUTE = 60_000;
export interface Stretch { days: number; hours: number; minutes: number }

/** How long it is between two moments, whichever comes first, in whole minutes. */
export function stretch(from: number, to: number): Stretch {
  const minutes = Math.floor(Math.abs(to - from) / MINUTE);
  return { days: Math.floor(minutes / 1440), hours: Math.floor((minutes % 1440) / 60), minutes: minutes % 60 };
}
