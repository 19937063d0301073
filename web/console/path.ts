// A definition as a graph, and the way that a case has gone through it.

import type { Name } from "../shared/texts";
import type { ActionRow, Definition } from "./definitions";

/** From a state to another one; `actions` are those that lead there. */
export interface Way { from: string; to: string; actions: ActionRow[] }
/** An action that leads out of many states to the same one: told in words, not drawn as many lines. */
export interface Exit { action: ActionRow; from: string[]; to: string }
export interface Entry { seq: number; type: string; at: string; actor: string; body: { state: string } }
/** A step of a case's way; `n` counts from 1, `from` is null where it began. */
export interface Step { n: number; from: string | null; to: string; type: string; at: string; actor: string }
/** What is drawn of a case: its present state, and its way where the caller reads histories. */
export interface Trace { number: string; definition: string; state: string; steps: Step[] | null }

const MANY = 4;

/** What leads from state to state, in the order of the definition; ways out of many states are apart. */
export function graphOf(definition: Definition): { ways: Way[]; exits: Exit[] } {
  const found = new Map<string, Way>();
  const exits: Exit[] = [];
  const final = new Set(definition.states.filter((state) => state.final).map((state) => state.code));
  for (const action of definition.actions) {
    const leads = action.steps.filter((step) => step.to !== null && step.to !== step.from);
    const [first] = leads;
    if (first?.to && leads.length > MANY && final.has(first.to) && leads.every((step) => step.to === first.to)) {
      exits.push({ action, from: leads.map((step) => step.from), to: first.to });
      continue;
    }
    for (const step of leads) {
      const key = keyOf(step.from, step.to as string);
      const way = found.get(key) ?? { from: step.from, to: step.to as string, actions: [] };
      way.actions.push(action);
      found.set(key, way);
    }
  }
  return { ways: [...found.values()], exits };
}

export const keyOf = (from: string, to: string): string => `${from} ${to}`;

/** The steps of a history in which the state changed; the first is where the case began. */
export function pathOf(entries: Entry[]): Step[] {
  const steps: Step[] = [];
  let state: string | null = null;
  for (const { type, at, actor, body } of entries) {
    if (body.state === state) continue;
    steps.push({ n: steps.length, from: state, to: body.state, type, at, actor });
    state = body.state;
  }
  return steps;
}

/** Which steps went each way: the numbers by `keyOf`. What went a way that is not drawn is in it too. */
export function takenOf(steps: Step[]): Map<string, number[]> {
  const taken = new Map<string, number[]>();
  for (const { n, from, to } of steps) {
    if (from !== null) taken.set(keyOf(from, to), [...(taken.get(keyOf(from, to)) ?? []), n]);
  }
  return taken;
}

/** The ways to draw: those of the graph, and what the case took besides. */
export function drawnWays(ways: Way[], exits: Exit[], steps: Step[]): Way[] {
  const known = new Set(ways.map((way) => keyOf(way.from, way.to)));
  const more: Way[] = [];
  for (const { from, to } of steps) {
    if (from === null || known.has(keyOf(from, to))) continue;
    known.add(keyOf(from, to));
    const actions = exits.filter((exit) => exit.to === to && exit.from.includes(from)).map((exit) => exit.action);
    more.push({ from, to, actions });
  }
  return [...ways, ...more];
}

export const saidOf = (way: Way, say: (name: Name, code: string) => string): string[] =>
  way.actions.map((action) => say(action.name, action.code));
