// Likely duplicates of a case, as `GET /cases/{case}/similar` lists them.

import type { Row } from "./cases";
import type { Action, SheetData } from "./sheet";
import type { Values } from "./fields";

export const ANSWERS = ["same", "different"] as const;
export type Answer = (typeof ANSWERS)[number];
export interface Compared { answer: string; by: string; at: string }
export interface Likely extends Row { distance_m: number; compared: Compared | null }

/** The action by which the caller may answer, if it is offered now. */
export const compareOf = (sheet: SheetData): Action | undefined => sheet.actions.find((one) => one.name === "compare");

/** What is sent of an answer. */
export const answerOf = (other: Likely, answer: Answer): Values => ({ other: other.id, answer });

/** The label that the definition gives an answer; its code where there is none. */
export function answerName(action: Action | undefined, answer: string): { zh: string; en: string } | undefined {
  return action?.fields.find((one) => one.name === "answer")?.choice_labels?.[answer];
}
