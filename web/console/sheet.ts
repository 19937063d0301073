// A whole case, as its sheet shows it: the answer of `GET /cases/{id}`.

import type { Name } from "../shared/texts";
import type { Row } from "./cases";
import type { Waiting } from "./lateness";

export interface Span { from: string; to: string; counted: boolean; why: Name }
export interface Deadline extends Waiting {
  stopped_at: string | null; provisional: boolean; extensions: number; pauses: { from: string; to: string }[]; breakdown: Span[];
}
export interface PhotoName { id: string; from: "report" | "feedback" }
export interface Field { name: string; type: string; required: boolean; label: Name; choices: string[] | null; choice_labels: Record<string, Name> | null }
export interface Action { name: string; label: Name; fields: Field[] }
/** What a form knows of the case that it is about, or of several: what they have in common. */
export interface About { version: number; category: string; location: Row["location"] | null }
interface Link { code: string; class?: string; distance_m: number }
export interface SheetData extends Row {
  version: number; line: string; definition: string; marks: Record<string, number | string>; condition: string | null; source: string; part: string | null; possible_duplicate_of: string | null;
  assistants: { department: string; done: boolean }[]; merged_into: string | null; split_from: string | null; merged: { id: string; number: string; report_count: number }[];
  compared: { case: string; number: string; answer: string; by: string; at: string }[];
  reports: { count: number }; photos: PhotoName[]; deadlines: Deadline[]; actions: Action[];
  links: { parts: Link[]; buildings: Link[]; dwellings: Link[] };
}
