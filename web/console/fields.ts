// The fields of actions: which control each gets, and what is sent of what was filled in.

import type { Field } from "./sheet";

export type Control =
  | "location" | "confirmation" | "photos" | "text" | "select" | "moment" | "many" | "line";
export type Values = Record<string, unknown>;

const CONTROLS: Record<string, Control> = {
  text: "text", location: "location", confirmation: "confirmation", photos: "photos", condition: "select", department: "select",
  category: "select", choice: "select", district: "select", moment: "moment", departments: "many", account: "line", case: "line",
};

/** A type that this page does not know yet is asked for in words, or chosen where there are choices. */
export function controlOf(field: Field): Control {
  return CONTROLS[field.type] ?? (field.choices ? "select" : "line");
}

// The city's time; it has no summer time.
const OFFSET = "+08:00";

/** What a date-time control holds ("2026-11-30T08:15") as a moment with its offset. */
export const momentOf = (local: string): string => `${local.length === 16 ? `${local}:00` : local}${OFFSET}`;

/** A moment as a date-time control of the city's time holds it, to the minute. */
export const localOf = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 16);

/** What is sent: fields that were left empty are left out; `photos` sends files and answers ids. */
export async function toSend(fields: Field[], values: Values, photos: (files: File[]) => Promise<string[]>): Promise<Values> {
  const sent: Values = {};
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) continue;
    const control = controlOf(field);
    if (control === "photos") sent[field.name] = await photos(value as File[]);
    else if (control === "moment") sent[field.name] = momentOf(String(value));
    else sent[field.name] = value;
  }
  return sent;
}
