import { expect, it } from "vitest";
import { newest, type ActionRow, type Definition } from "../console/definitions";
import { curve, layout, widthOf } from "../console/layout";
import { drawnWays, graphOf, keyOf, pathOf, takenOf, type Entry } from "../console/path";

const name = (code: string) => ({ zh: code, en: code });
const action = (code: string, from: string[], to: string | null): ActionRow => ({
  code, name: name(code), event: `wangge.case.${code}.v1`, reason_required: false, reopens: false, steps: from.map((one) => ({ from: one, to, back: false, roles: ["acceptor"] })),
});
const OPEN = ["reported", "filed", "dispatched", "handling", "handled"];
const DEFINITION: Definition = {
  code: "line@2", name: name("line"), line: "urban_management", version: 2, initial: "reported", roles: [], marks: [], stages: [],
  states: [...OPEN, "closed", "voided"].map((code) => ({ code, name: name(code), final: code === "closed" || code === "voided", stage: null })),
  actions: [
    action("file", ["reported"], "filed"), action("dispatch", ["filed"], "dispatched"), action("assign", ["filed"], "dispatched"),
    action("start", ["dispatched"], "handling"), action("feedback", ["handling"], "handled"), action("rework", ["handled"], "handling"),
    action("close", ["handled"], "closed"), action("reopen", ["closed"], "filed"), action("void", OPEN, "voided"), action("urge", OPEN, null),
  ],
};
const entry = (seq: number, type: string, state: string): Entry => ({ seq, type, at: `2026-11-25T01:00:0${seq}Z`, actor: "a", body: { state } });
const HISTORY = [
  entry(1, "opened", "reported"), entry(2, "filed", "filed"), entry(3, "urged", "filed"), entry(4, "dispatched", "dispatched"),
  entry(5, "started", "handling"), entry(6, "handled", "handled"), entry(7, "reworked", "handling"), entry(8, "handled", "handled"), entry(9, "voided", "voided"),
];

it("draws one line between two states, and none for what is possible almost everywhere", () => {
  const { ways, exits } = graphOf(DEFINITION);
  expect(ways.find((way) => way.to === "dispatched")?.actions.map((one) => one.code)).toEqual(["dispatch", "assign"]);
  expect(ways.some((way) => way.to === "voided")).toBe(false);
  expect(exits.map((exit) => [exit.action.code, exit.to, exit.from.length])).toEqual([["void", "voided", 5]]);
});

it("follows a case through its states, also twice the same way", () => {
  const steps = pathOf(HISTORY);
  expect(steps.map((step) => [step.n, step.from, step.to])).toEqual([
    [0, null, "reported"], [1, "reported", "filed"], [2, "filed", "dispatched"], [3, "dispatched", "handling"],
    [4, "handling", "handled"], [5, "handled", "handling"], [6, "handling", "handled"], [7, "handled", "voided"],
  ]);
  expect(takenOf(steps).get(keyOf("handling", "handled"))).toEqual([4, 6]);
  expect(pathOf([])).toEqual([]);
});

it("draws a way out that the case took, and one that the definition does not know", () => {
  const { ways, exits } = graphOf(DEFINITION);
  const drawn = drawnWays(ways, exits, pathOf([...HISTORY, entry(10, "x", "reported")]));
  expect(drawn.slice(ways.length).map((way) => [way.from, way.to, way.actions.map((one) => one.code)])).toEqual([
    ["handled", "voided", ["void"]], ["voided", "reported", []],
  ]);
});

it("lays out every box apart from the others, and every line from box to box", () => {
  const { ways } = graphOf(DEFINITION);
  const boxes = DEFINITION.states.map((state) => ({ code: state.code, width: 90, height: 40 }));
  const placed = layout(boxes, ways.map((way) => ({ from: way.from, to: way.to, width: 40, height: 16 })));
  for (const [n, a] of placed.boxes.entries()) {
    expect(a.x - 45 >= 0 && a.x + 45 <= placed.width && a.y + 20 <= placed.height, a.code).toBe(true);
    for (const b of placed.boxes.slice(n + 1)) expect(Math.abs(a.x - b.x) >= 90 || Math.abs(a.y - b.y) >= 40, `${a.code} ${b.code}`).toBe(true);
  }
  for (const line of placed.lines) {
    // It leaves and meets its boxes above or below, never at the side, where it would pass a neighbour.
    for (const [code, point] of [[line.from, line.points[0]], [line.to, line.points.at(-1)]] as const) {
      const box = placed.boxes.find((one) => one.code === code);
      expect(Math.abs((point?.y ?? 0) - (box?.y ?? 0)), `${line.from} ${line.to}`).toBe(20);
      expect(Math.abs((point?.x ?? 0) - (box?.x ?? 0))).toBeLessThan(45);
    }
  }
  expect(placed.lines).toHaveLength(ways.length);
  const again = layout(boxes, ways.map((way) => ({ from: way.from, to: way.to, width: 40, height: 16 })));
  expect(again).toEqual(placed);
});

it("writes lines and measures words", () => {
  expect(curve([])).toBe("");
  expect(curve([{ x: 0, y: 0 }, { x: 10, y: 20 }, { x: 10, y: 30 }])).toBe("M0,0 C0,10 10,10 10,20 C10,25 10,25 10,30");
  expect(widthOf("已立案", 10)).toBe(30);
  expect(widthOf("filed", 10)).toBe(30);
});

it("knows the newest version of each definition", () => {
  const row = (code: string, version: number) => ({ code, version, name: name(code), line: "x" });
  expect(newest([row("a@1", 1), row("b@3", 3), row("a@10", 10), row("a@2", 2)]).map((one) => one.code)).toEqual(["a@10", "b@3"]);
});
