import { afterEach, expect, it } from "vitest";
import { language } from "../shared/texts";
import { badgeText } from "../console/marks";
import { stretchText } from "../console/views/stretch";

afterEach(() => (language.value = "zh"));

it("tells a flag alone, a count with its figure, and an account by name", () => {
  language.value = "en";
  expect(badgeText("forced", 1, false)).toBe("forced");
  expect([1, 3].map((n) => badgeText("returns", n, true))).toEqual(["returns: 1", "returns: 3"]);
  expect(badgeText("reviewer", "li-4", false)).toBe("reviewer: li-4");
});

it("tells a stretch by its two largest figures", () => {
  const minute = 60_000;
  language.value = "en";
  expect(stretchText(0, (26 * 60 + 5) * minute)).toBe("1 d 2 h");
  expect(stretchText(125 * minute, 0)).toBe("2 h 5 min");
  expect(stretchText(0, 30_000)).toBe("0 min");
  language.value = "zh";
  expect(stretchText(0, 1440 * minute)).toBe("1 天");
});
