// Workflow definitions: the words of a city's own states and actions, and what its drawing shows.

import { signal } from "@preact/signals";
import { all, call } from "../shared/api";
import type { Name } from "../shared/texts";
import { learn } from "../shared/words";
import { FINAL, learnPhase, type Phase } from "./cases";

interface Named { code: string; name: Name }
export interface State extends Named { final: boolean; stage: string | null }
export interface Stage extends Named { states: string[]; limit: string | null; clock: string | null; by_condition: boolean; made: boolean }
/** `counts`: a figure that goes up, not something that is so or not. */
export interface Mark extends Named { counts: boolean }
/** `back`: to the state that the case came from; `to` is null then, too. */
export interface Step { from: string; to: string | null; back: boolean; roles: string[] }
export interface ActionRow extends Named { event: string; reason_required: boolean; reopens: boolean; steps: Step[] }
export interface DefinitionRow extends Named { line: string; version: number }
export interface Definition extends DefinitionRow {
  initial: string; roles: Named[]; states: State[]; stages: Stage[]; actions: ActionRow[]; marks: Mark[];
}

/** Those that were read, by key; a definition never changes. */
export const definitions = signal<ReadonlyMap<string, Definition>>(new Map());
export const definitionRows = signal<DefinitionRow[]>([]);
const reading = new Map<string, Promise<Definition>>();

/** Reads a definition once, and learns its words. */
export function readDefinition(key: string): Promise<Definition> {
  const begun = reading.get(key);
  if (begun) return begun;
  const found = call<Definition>(`/workflows/${encodeURIComponent(key)}`).then((definition) => {
    definitions.value = new Map(definitions.value).set(key, definition);
    takeWords(definition);
    return definition;
  });
  found.catch(() => reading.delete(key));
  reading.set(key, found);
  return found;
}

/** Reads the newest version of every definition, so that lists speak the words of each. */
export async function readDefinitions(): Promise<void> {
  definitionRows.value = await all<DefinitionRow>("/workflows");
  await Promise.all(newest(definitionRows.value).map((row) => readDefinition(row.code)));
}

export function forgetDefinitions(): void {
  definitions.value = new Map();
  definitionRows.value = [];
  reading.clear();
}

/** The newest version of each name; the name is what stands before the "@" of the key. */
export function newest(rows: DefinitionRow[]): DefinitionRow[] {
  const found = new Map<string, DefinitionRow>();
  for (const row of rows) {
    const name = row.code.split("@")[0] ?? row.code;
    if ((found.get(name)?.version ?? 0) < row.version) found.set(name, row);
  }
  return [...found.values()];
}

const PHASE_OF_STAGE: Record<string, Phase> = {
  accept: "waiting", verify: "waiting", dispatch: "routing", inspect: "checking", close: "checking",
};

function takeWords(definition: Definition): void {
  const words = (some: Named[]): Record<string, Name> => Object.fromEntries(some.map((one) => [one.code, one.name]));
  learn({
    states: words(definition.states), stages: words(definition.stages), marks: words(definition.marks), actions: words(definition.actions),
    events: Object.fromEntries(definition.actions.map((one) => [one.event.replace(/^wangge\.case\./, "").replace(/\.v\d+$/, ""), one.name])),
  });
  for (const state of definition.states) {
    if (state.final) FINAL.add(state.code);
    learnPhase(state.code, state.final ? "over" : (PHASE_OF_STAGE[state.stage ?? ""] ?? "handling"));
  }
}

/** The words of one definition, where it has them; those learned from all otherwise. */
export function nameIn(some: Named[] | undefined, code: string): Name | undefined {
  return some?.find((one) => one.code === code)?.name;
}
