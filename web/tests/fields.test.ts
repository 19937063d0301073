import { expect, it } from "vitest";
import { controlOf, localOf, momentOf, toSend } from "../console/fields";
import type { Field } from "../console/sheet";

const field = (name: string, type: string, more: Partial<Field> = {}): Field => ({
  name, type, required: false, label: { zh: name, en: name }, choices: null, choice_labels: null, ...more,
});
const noPhotos = async (): Promise<string[]> => [];

it("asks in words for a type that it does not know, or lets choose where there are choices", () => {
  expect(controlOf(field("x", "hologram"))).toBe("line");
  expect(controlOf(field("x", "hologram", { choices: ["a"] }))).toBe("select");
  expect(controlOf(field("x", "choice", { choices: ["a"] }))).toBe("select");
  expect(["moment", "departments", "account", "case", "district", "text"].map((type) => controlOf(field("x", type)))).toEqual(
    ["moment", "many", "line", "line", "select", "text"],
  );
});

it("sends what was filled in, and nothing of what was left empty", async () => {
  const fields = [
    field("reason", "text"), field("until", "moment"), field("others", "departments"), field("none", "departments"),
    field("sure", "confirmation"), field("blank", "text"), field("odd", "hologram"), field("account", "account"),
  ];
  const values = {
    reason: "why", until: "2026-12-01T08:30", others: ["a", "b"], none: [], sure: true, blank: "", odd: "x", account: "li", stranger: 1,
  };
  expect(await toSend(fields, values, noPhotos)).toEqual({
    reason: "why", until: "2026-12-01T08:30:00+08:00", others: ["a", "b"], sure: true, odd: "x", account: "li",
  });
});

it("sends photos under the field that holds them, whatever its name", async () => {
  const files = [new File(["1"], "a.png"), new File(["2"], "b.png")];
  const asked: number[] = [];
  const sent = await toSend([field("after", "photos")], { after: files }, async (given) => {
    asked.push(given.length);
    return ["p1", "p2"];
  });
  expect(sent).toEqual({ after: ["p1", "p2"] });
  expect(asked).toEqual([2]);
});

it("keeps the city's wall clock, wherever the browser is", () => {
  expect(localOf(Date.parse("2026-11-30T16:45:10Z"))).toBe("2026-12-01T00:45");
  expect(Date.parse(momentOf(localOf(Date.parse("2026-11-30T16:45:00Z"))))).toBe(Date.parse("2026-11-30T16:45:00Z"));
  expect(momentOf("2026-12-01T08:30:15")).toBe("2026-12-01T08:30:15+08:00");
});
