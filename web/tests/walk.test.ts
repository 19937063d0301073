import { expect, it } from "vitest";
import { stepTo } from "../console/views/walk";

it("walks a list and stops at its ends", () => {
  expect(["ArrowDown", "ArrowUp", "Home", "End", "PageDown", "PageUp"].map((key) => stepTo(key, 3, 30))).toEqual([4, 2, 0, 29, 13, 0]);
  expect(stepTo("ArrowDown", 29, 30)).toBe(29);
  expect(stepTo("ArrowUp", 0, 30)).toBe(0);
  // Nothing of the list has the focus yet.
  expect(stepTo("ArrowDown", -1, 30)).toBe(0);
});

it("leaves other keys and empty lists alone", () => {
  expect(stepTo("Enter", 3, 30)).toBeNull();
  expect(stepTo("ArrowDown", -1, 0)).toBeNull();
});
