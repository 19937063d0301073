// One action on several cases: what is possible on all of them, and what became of each.

import { Refusal, type Answered } from "../shared/api";
import { toldOf, wrongFields, type Told } from "./refusals";
import type { About, Action, Field, SheetData } from "./sheet";

/** What a selection needs to know of a case. */
export type Known = Pick<SheetData, "id" | "number" | "version" | "category" | "location" | "actions">;
export interface Partly { action: Action; count: number }
export interface Common { actions: Action[]; partly: Partly[] }

/**
 * One form sends the same value for all: several cases are merged into one other, but they are not at one spot. Decided
 * by the field's type, for a city's own definitions name their actions as they like.
 */
const isForOne = (action: Action): boolean => action.fields.some((field) => field.type === "location");

/** The actions that every case allows with the same fields, and those that only some allow so; of several, those that suit several. */
export function commonOf(cases: readonly Known[]): Common {
  const found: Common = { actions: [], partly: [] };
  const all = cases.flatMap((one) => one.actions).filter((action) => cases.length === 1 || !isForOne(action));
  for (const name of new Set(all.map((action) => action.name))) {
    const offered = all.filter((action) => action.name === name);
    const action = offered.length === cases.length ? commonAction(offered) : null;
    if (action) found.actions.push(action);
    else found.partly.push({ action: offered[0] as Action, count: offered.length });
  }
  return found;
}

function commonAction(offered: Action[]): Action | null {
  const [first, ...others] = offered as [Action, ...Action[]];
  if (others.some((one) => shapeOf(one) !== shapeOf(first))) return null;
  const fields: Field[] = [];
  for (const [n, field] of first.fields.entries()) {
    const common = commonField(field, others.map((one) => one.fields[n] as Field), first.fields);
    if (common === null) return null;
    if (common.choices?.length !== 0) fields.push(common);
  }
  return { ...first, fields };
}

const shapeOf = (action: Action): string => action.fields.map((field) => `${field.name} ${field.type}`).join();

/** A field with the choices that all cases have; null where it is needed and they have none in common. */
function commonField(field: Field, others: Field[], beside: Field[]): Field | null {
  const required = field.required || others.some((one) => one.required);
  // A condition follows the category that is chosen beside it.
  if (field.type === "condition" && beside.some((one) => one.type === "category")) return { ...field, choices: null, required };
  const choices = field.choices && field.choices.filter((code) => others.every((one) => one.choices?.includes(code)));
  return required && choices?.length === 0 ? null : { ...field, choices, required };
}

/** What a form may know of several cases. Each goes with its own version, so that the form has none. */
export function aboutAll(cases: readonly Known[]): About {
  const categories = new Set(cases.map((one) => one.category));
  const [first] = cases;
  return { version: 0, category: categories.size === 1 && first ? first.category : "", location: null };
}

export interface Outcome { id: string; number: string; told: Told }
export interface Outcomes { done: Outcome[]; refused: Outcome[]; wrong: string[] }

/** What became of each case, in the words that a single case's sheet would say it in. */
export function outcomesOf(items: readonly Answered[], action: Action, numberOf: (id: string) => string | undefined): Outcomes {
  const found: Outcomes = { done: [], refused: [], wrong: [] };
  for (const item of items) {
    const number = item.number ?? numberOf(item.case) ?? item.case;
    if (item.status === 200) {
      found.done.push({ id: item.case, number, told: { kind: "done", text: number } });
      continue;
    }
    const error = new Refusal(item.status, item.problem ?? {});
    found.refused.push({ id: item.case, number, told: toldOf(error, action) });
    found.wrong.push(...wrongFields(error).filter((field) => !found.wrong.includes(field)));
  }
  return found;
}

/** Does a piece of work for each key, a few at once; begins no more of it once `signal` says stop. */
export async function eachOf(keys: readonly string[], atOnce: number, signal: AbortSignal, work: (key: string) => Promise<void>): Promise<void> {
  const waiting = [...keys];
  const run = async (): Promise<void> => {
    for (let key = waiting.shift(); key !== undefined && !signal.aborted; key = waiting.shift()) await work(key);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, keys.length) }, run));
}
