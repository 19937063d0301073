import { afterEach, expect, it } from "vitest";
import { toldOf, wrongFields } from "../console/refusals";
import type { Action } from "../console/sheet";
import { Refusal } from "../shared/api";
import { language } from "../shared/texts";
import { learn } from "../shared/words";

afterEach(() => (language.value = "zh"));
const field = (name: string, zh: string, en: string) => ({ name, type: "text", required: true, label: { zh, en }, choices: null, choice_labels: null });
const ACTION: Action = { name: "return", label: { zh: "退回", en: "return" }, fields: [field("reason", "理由", "reason"), field("sure", "已达到结案条件", "closing condition met")] };
learn({ states: {}, stages: {}, marks: {}, events: {}, actions: { urge: { zh: "催办", en: "urge" }, void: { zh: "作废", en: "void" } } });

it("tells a guard's refusal in the language of the page", () => {
  const error = new Refusal(409, { detail: "The action return is refused.", possible: ["urge"], refusal: { zh: "案件已裁定，不得再退回", en: "the case was adjudicated" } });
  expect(toldOf(error, ACTION)).toEqual({ kind: "refused", text: "未办理：案件已裁定，不得再退回" });
  language.value = "en";
  expect(toldOf(error, ACTION)).toEqual({ kind: "refused", text: "Not done: the case was adjudicated" });
});

it("names what is possible instead by its words, and says when nothing is", () => {
  const text = (possible: string[]): unknown => toldOf(new Refusal(409, { detail: "no", possible }), ACTION);
  expect(text(["urge", "void", "unheard-of"])).toMatchObject({ text: expect.stringContaining("目前可办：催办、作废、unheard-of。") });
  expect(text([])).toMatchObject({ text: expect.stringContaining("目前没有可办事项") });
});

it("names wrong fields as the form does, and one that the form lacks by its own name", () => {
  const errors = [{ field: "reason", reason: "is required" }, { field: "sure", reason: "must be confirmed" }, { field: "x", reason: "must be a list" }];
  const error = new Refusal(422, { detail: "the action lacks what it needs", errors });
  expect(toldOf(error, ACTION)).toEqual({ kind: "refused", text: "未办理：理由：必填; 已达到结案条件：须确认; x：must be a list" });
  expect(wrongFields(error)).toEqual(["reason", "sure", "x"]);
});

it("tells what changed before anything else, and a lost network by itself", () => {
  const changed = [{ seq: 2, type: "wangge.case.accepted.v1", at: "2026-11-25T01:00:00Z", actor: "a", state: "accepted" }];
  expect(toldOf(new Refusal(409, { changed, detail: "stale" }), ACTION)).toEqual({ kind: "clash", changed });
  expect(toldOf(new TypeError("failed to fetch"), ACTION)).toMatchObject({ text: expect.stringContaining("无法连接服务") });
  expect(wrongFields(new TypeError("failed to fetch"))).toEqual([]);
});
