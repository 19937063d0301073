import { expect, it } from "vitest";
import type { Action, Field } from "../console/sheet";
import { aboutAll, commonOf, eachOf, outcomesOf, type Known } from "../console/together";

const field = (name: string, more: Partial<Field> = {}): Field => ({ name, type: "text", required: false, label: { zh: name, en: name }, choices: null, choice_labels: null, ...more });
const action = (name: string, ...fields: Field[]): Action => ({ name, label: { zh: name, en: name }, fields });
let made = 0;
const known = (actions: Action[], category = "E0110"): Known => ({ id: `id-${(made += 1)}`, number: `YZ${made}`, version: made, category, location: { lon: 111, lat: 26 }, actions });
const names = (found: { actions: Action[] }): string => found.actions.map((one) => one.name).join(" ");

it("offers what every case allows, and counts what only some do", () => {
  const found = commonOf([known([action("urge"), action("void"), action("file")]), known([action("void"), action("urge")]), known([action("urge")])]);
  expect(names(found)).toBe("urge");
  expect(found.partly.map((one) => `${one.action.name} ${one.count}`)).toEqual(["void 2", "file 1"]);
  expect(commonOf([])).toEqual({ actions: [], partly: [] });
});

it("does not offer an action that asks for other fields elsewhere", () => {
  const found = commonOf([known([action("return", field("reason"))]), known([action("return", field("reason", { type: "choice" }))]), known([action("return")])]);
  expect(names(found)).toBe("");
  expect(found.partly.map((one) => one.count)).toEqual([3]);
});

it("leaves the choices that all cases have, and needs a field that one case needs", () => {
  const to = (choices: string[], required = false): Known => known([action("dispatch", field("department", { type: "department", choices, required }), field("text"))]);
  const [dispatch] = commonOf([to(["a", "b", "c"]), to(["c", "b"], true)]).actions;
  expect(dispatch?.fields.map((one) => [one.name, one.choices, one.required])).toEqual([["department", ["b", "c"], true], ["text", null, false]]);
  // Nothing in common: asked for by none of them, it is left out; needed, there is no such action for all.
  expect(commonOf([to(["a"]), to(["b"])]).actions[0]?.fields.map((one) => one.name)).toEqual(["text"]);
  expect(names(commonOf([to(["a"], true), to(["b"])]))).toBe("");
});

it("leaves out of several what asks for one place, whatever it is called", () => {
  const relocate = action("put-right", field("spot", { type: "location", required: true }));
  const split = action("split", field("category", { type: "category", required: true }), field("location", { type: "location" }));
  const merge = action("merge", field("into", { type: "case", required: true }));
  const all = [relocate, split, merge];
  const found = commonOf([known(all), known(all)]);
  expect([names(found), found.partly]).toEqual(["merge", []]);
  // It is not told as what only some allow either: it is never done to several.
  expect(commonOf([known(all), known([])]).partly.map((one) => one.action.name)).toEqual(["merge"]);
  expect(names(commonOf([known(all)]))).toBe("put-right split merge");
});

it("asks for a condition when the category is one and the same, or chosen with it", () => {
  const condition = (codes: string[]): Field => field("condition", { type: "condition", choices: codes, required: true });
  const file = (code: string): Known => known([action("file", condition([`${code}-1`]))], code);
  expect(names(commonOf([file("E0110"), file("E0110")]))).toBe("file");
  expect(names(commonOf([file("E0110"), file("E0112")]))).toBe("");
  const reclassify = (code: string): Known => known([action("reclassify", field("category", { type: "category" }), condition([`${code}-1`]))], code);
  expect(names(commonOf([reclassify("E0110"), reclassify("E0112")]))).toBe("reclassify");
});

it("knows of several cases what they have in common", () => {
  expect(aboutAll([known([]), known([])])).toEqual({ version: 0, category: "E0110", location: null });
  expect(aboutAll([known([]), known([], "E0112")]).category).toBe("");
  expect(aboutAll([]).category).toBe("");
});

it("tells of each case what a single one would tell, by its number", () => {
  const changed = [{ seq: 2, type: "wangge.case.accepted.v1", at: "2026-11-25T01:00:00Z", actor: "a", state: "accepted" }];
  const found = outcomesOf(
    [
      { case: "1", status: 200, number: "YZ1" },
      { case: "2", status: 409, problem: { changed, detail: "stale" } },
      { case: "3", status: 403, problem: { detail: "no", refusal: { zh: "不归您办理", en: "not yours" } } },
      { case: "4", status: 422, problem: { errors: [{ field: "reason", reason: "is required" }] } },
      { case: "5", status: 422, problem: { errors: [{ field: "reason", reason: "is required" }] } },
    ],
    action("void", field("reason", { label: { zh: "理由", en: "reason" } })),
    (id) => (id === "5" ? undefined : `YZ${id}`),
  );
  expect(found.done.map((one) => one.number)).toEqual(["YZ1"]);
  expect(found.refused.map((one) => one.number)).toEqual(["YZ2", "YZ3", "YZ4", "5"]);
  expect(found.refused.map((one) => one.told)).toEqual([
    { kind: "clash", changed }, { kind: "refused", text: "未办理：不归您办理" },
    { kind: "refused", text: "未办理：理由：必填" }, { kind: "refused", text: "未办理：理由：必填" },
  ]);
  expect(found.wrong).toEqual(["reason"]);
});

it("reads each case once, a few at a time, and stops when nobody waits for it", async () => {
  const keys = Array.from({ length: 25 }, (_, n) => String(n));
  const read: string[] = [];
  let running = 0;
  let most = 0;
  await eachOf(keys, 4, new AbortController().signal, async (key) => {
    most = Math.max(most, (running += 1));
    await Promise.resolve();
    read.push(key);
    running -= 1;
  });
  expect([read, most]).toEqual([keys, 4]);
  const stop = new AbortController();
  const begun: string[] = [];
  await eachOf(keys, 2, stop.signal, async (key) => {
    begun.push(key);
    if (key === "3") stop.abort();
  });
  expect(begun.length).toBeLessThan(7);
});
