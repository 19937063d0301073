import { expect, it } from "vitest";
import { asked, mayAsk, peopleOf, type Contact } from "../console/contacts";
import { hasOwners, ownerQuery } from "../console/owners";
import type { Action, SheetData } from "../console/sheet";
import { answerName, answerOf, compareOf, type Likely } from "../console/similar";
import { row } from "./rows";

const who = (role: string, department: string | null = null) => ({ role, scope: "431100", department, subject: "me" });

it("offers contacts to acceptors, and to the department that holds the open case", () => {
  const mine = row({ department: "d-1" });
  expect(mayAsk(who("acceptor"), mine)).toBe(true);
  expect(mayAsk(who("handler", "d-1"), mine)).toBe(true);
  expect(mayAsk(who("handler", "d-2"), mine)).toBe(false);
  expect(mayAsk(who("handler", "d-1"), { ...mine, closed_at: "2026-11-25T05:00:00Z" })).toBe(false);
  expect(mayAsk(who("handler"), row({ department: null }))).toBe(false);
  for (const role of ["member", "dispatcher", "supervisor", "auditor"]) expect(mayAsk(who(role, "d-1"), mine)).toBe(false);
  expect(mayAsk(null, mine)).toBe(false);
});

it("asks only once it is said why, and for another purpose in words", () => {
  expect(asked("", "", true)).toBeNull();
  expect(asked("other", "  ", true)).toBeNull();
  expect(asked("other", " why ", false)).toEqual({ purpose: "other", masked: false, reason: "why" });
  expect(asked("call_back", "", true, "r-1")).toEqual({ purpose: "call_back", masked: true, after: "r-1" });
});

it("names the caller before any other contact, and nobody where there is none", () => {
  const [caller, contact] = [{ name: "a", phone: "1" }, { name: "b", phone: null }];
  const one: Contact = { report: "r", received_at: "", source: "hotline", confidential: false, caller, contact, call: "caller" };
  expect(peopleOf(one)).toEqual([caller, contact]);
  expect(peopleOf({ ...one, caller: null, contact: null })).toEqual([]);
});

it("narrows a queue to an acceptor's own cases and a member's own tasks", () => {
  expect(ownerQuery("acceptor", "me")).toEqual({ owner: "me" });
  expect(ownerQuery("member", "nobody")).toEqual({ inspector: "nobody" });
  expect(ownerQuery("member", "all")).toEqual({});
  expect(ownerQuery("handler", "me")).toEqual({});
  expect([hasOwners("member"), hasOwners("handler"), hasOwners(undefined)]).toEqual([true, false, false]);
});

it("answers of a likely duplicate by the action that is offered, in the definition's words", () => {
  const words = { same: { zh: "同一事项", en: "the same" }, different: { zh: "不同事项", en: "different" } };
  const field = { name: "answer", type: "choice", required: true, label: { zh: "", en: "" }, choices: ["same", "different"], choice_labels: words };
  const action: Action = { name: "compare", label: { zh: "重复比对", en: "compare" }, fields: [field] };
  const sheet = { actions: [action] } as unknown as SheetData;
  expect(compareOf(sheet)).toBe(action);
  expect(compareOf({ actions: [] } as unknown as SheetData)).toBeUndefined();
  expect(answerName(action, "same")).toEqual(words.same);
  expect(answerName(undefined, "same")).toBeUndefined();
  const likely: Likely = { ...row({ id: "b" }), distance_m: 3, compared: null };
  expect(answerOf(likely, "different")).toEqual({ other: "b", answer: "different" });
});
