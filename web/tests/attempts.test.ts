import { expect, it } from "vitest";
import { Attempts } from "../shared/attempts";

const URGE = { action: "urge", version: 3, reason: "居民等待" };

it("sends an act again under its id while nobody knows what became of it", () => {
  const attempts = new Attempts();
  const first = attempts.idOf("case-1", URGE);
  expect(attempts.idOf("case-1", { ...URGE })).toBe(first);
});

it("gives what is another act another id", () => {
  const attempts = new Attempts();
  const ids = [
    attempts.idOf("case-1", URGE),
    attempts.idOf("case-2", URGE),
    attempts.idOf("case-1", { ...URGE, reason: "再次催办" }),
    attempts.idOf("case-1", { ...URGE, version: 4 }),
  ];
  attempts.answered("case-1", URGE);
  ids.push(attempts.idOf("case-1", URGE));
  expect(new Set(ids).size).toBe(5);
});
