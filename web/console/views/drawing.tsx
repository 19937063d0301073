import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { inLanguage, language, listed, t } from "../../shared/texts";
import { limitText } from "../../shared/words";
import { phaseOf } from "../cases";
import { nameIn, type Definition, type State } from "../definitions";
import type { Box, Placed } from "../layout";
import { drawnWays, keyOf, saidOf, takenOf, type Exit, type Trace, type Way } from "../path";

type Lay = typeof import("../layout");
const SIZE = 14;
const SMALL = 11.5;
const IN_A_LINE = 2;
/** A drawing that is wider than its frame is made smaller as far as its words can be read, and moved under the frame beyond that. */
const LEAST_SCALE = 0.76;
/** What is drawn grows with the words of the page, from this size of theirs on. */
const PAGE_SIZE = 14.5;

/** The states as boxes and the ways between them as lines; what the case took is strong and numbered. */
export function Drawing({ definition, ways, exits, trace }: { definition: Definition; ways: Way[]; exits: Exit[]; trace: Trace | null }) {
  const [lay, setLay] = useState<Lay | null>(null);
  useEffect(() => void import("../layout").then(setLay), []);
  const spoken = language.value;
  const steps = trace?.steps ?? [];
  const drawn = drawnWays(ways, exits, steps);
  const placed = useMemo(() => lay && place(lay, definition, drawn, exits), [lay, definition, spoken, drawn.map((way) => keyOf(way.from, way.to)).join()]);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => showHere(frame.current), [placed, trace?.state]);
  if (!lay || !placed) return <p class="soft" role="status">{t("loading")}</p>;
  const taken = takenOf(steps);
  const visited = new Set(steps.map((step) => step.to));
  const name = inLanguage(definition.name, definition.code);
  return (
    <div id="drawing" ref={frame} role="region" aria-label={t("drawing", { name })} tabIndex={0}>
      <svg viewBox={`0 0 ${placed.width} ${placed.height}`} style={{ width: rem(placed.width), minWidth: rem(placed.width * LEAST_SCALE) }} role="img" aria-label={t("drawing", { name })}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="head" d="M0,0 L8,4 L0,8 Z" /></marker>
          <marker id="arrow-taken" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="4.5" markerHeight="4.5" orient="auto-start-reverse"><path class="head taken" d="M0,0 L8,4 L0,8 Z" /></marker>
        </defs>
        {placed.lines.map((line) => {
          const numbers = taken.get(keyOf(line.from, line.to));
          return (
            <g key={keyOf(line.from, line.to)} class={numbers ? "way taken" : "way"} data-way={`${line.from}-${line.to}`}>
              <path d={lay.curve(line.points)} marker-end={`url(#${numbers ? "arrow-taken" : "arrow"})`} />
            </g>
          );
        })}
        {/* After all lines, so that none strikes the words of another through. */}
        {placed.lines.map((line, n) => {
          const numbers = taken.get(keyOf(line.from, line.to));
          const way = drawn[n];
          return way && <g key={keyOf(line.from, line.to)} class={numbers ? "way taken" : "way"}><Words at={line.label} lines={wordsOf(way)} numbers={numbers} widthOf={lay.widthOf} /></g>;
        })}
        {placed.boxes.map((box) => (
          <StateBox key={box.code} box={box} state={definition.states.find((one) => one.code === box.code)} definition={definition}
            kind={trace?.state === box.code ? "here" : visited.has(box.code) ? "visited" : ""} />
        ))}
      </svg>
    </div>
  );
}

const rem = (size: number): string => `${(size / PAGE_SIZE).toFixed(2)}rem`;

/** Moves the drawing aside until the state in which the case is can be seen. */
function showHere(frame: HTMLElement | null): void {
  const here = frame?.querySelector(".here")?.getBoundingClientRect();
  if (frame && here) frame.scrollLeft += here.left + here.width / 2 - frame.getBoundingClientRect().left - frame.clientWidth / 2;
}

function place(lay: Lay, definition: Definition, ways: Way[], exits: Exit[]): Placed {
  const boxes: Box[] = definition.states.map((state) => {
    const width = Math.max(lay.widthOf(inLanguage(state.name, state.code), SIZE), lay.widthOf(stageText(definition, state), SMALL)) + 34;
    return { code: state.code, width: Math.max(78, width), height: 44 };
  });
  const lines = ways.map((way) => {
    const words = wordsOf(way);
    // Room for the numbers of the steps, too.
    const width = Math.max(0, ...words.map((line) => lay.widthOf(line, SMALL))) + 26;
    return { from: way.from, to: way.to, width, height: Math.max(1, words.length) * 15 };
  });
  return lay.layout(boxes, lines, unreached(definition, ways, exits));
}

/** Ends that no line leads to belong below the states that they are reached from. */
function unreached(definition: Definition, ways: Way[], exits: Exit[]): { from: string; to: string }[] {
  const reached = new Set([definition.initial, ...ways.map((way) => way.to)]);
  return exits.filter((exit) => !reached.has(exit.to)).map((exit) => ({ from: exit.from.at(-1) ?? definition.initial, to: exit.to }));
}

function wordsOf(way: Way): string[] {
  const said = saidOf(way, inLanguage);
  return Array.from({ length: Math.ceil(said.length / IN_A_LINE) }, (_, n) => said.slice(n * IN_A_LINE, (n + 1) * IN_A_LINE)).map(listed);
}

function stageText(definition: Definition, state: State): string {
  const stage = definition.stages.find((one) => one.code === state.stage);
  if (!stage) return "";
  const limit = stage.limit ? ` ${limitText(stage.limit, stage.clock ?? "")}` : "";
  return `${inLanguage(nameIn(definition.stages, stage.code), stage.code)}${limit}`;
}

interface Worded { at: { x: number; y: number }; lines: string[]; numbers: number[] | undefined; widthOf: Lay["widthOf"] }

/** The words of a way, on a ground that hides the lines behind them. */
function Words({ at, lines, numbers, widthOf }: Worded) {
  const top = at.y - ((lines.length - 1) * 14) / 2 + 4;
  const width = Math.max(0, ...lines.map((line) => widthOf(line, SMALL)));
  return (
    <>
      <rect class="ground" x={at.x - width / 2} y={top - 11} width={width} height={lines.length * 14} />
      <text text-anchor="middle">
        {lines.map((line, n) => (
          <tspan key={n} x={at.x} y={top + n * 14}>{n === 0 && numbers && <tspan class="step">{numbers.join(" ")} </tspan>}{line}</tspan>
        ))}
        {lines.length === 0 && numbers && <tspan x={at.x} y={top} class="step">{numbers.join(" ")}</tspan>}
      </text>
    </>
  );
}

function StateBox({ box, state, definition, kind }: { box: Placed["boxes"][number]; state: State | undefined; definition: Definition; kind: string }) {
  if (!state) return null;
  const [left, top] = [box.x - box.width / 2, box.y - box.height / 2];
  const stage = stageText(definition, state);
  return (
    <g class={`state ${phaseOf(state.code)} ${kind}`} data-state={state.code}>
      <rect x={left} y={top} width={box.width} height={box.height} rx="8" />
      {state.final && <rect class="inner" x={left + 3.5} y={top + 3.5} width={box.width - 7} height={box.height - 7} rx="5" />}
      <text x={box.x} y={stage ? box.y - 2 : box.y + 5} text-anchor="middle">{inLanguage(state.name, state.code)}{kind === "here" && " ●"}</text>
      {stage && <text class="stage" x={box.x} y={box.y + 14} text-anchor="middle">{stage}</text>}
    </g>
  );
}
