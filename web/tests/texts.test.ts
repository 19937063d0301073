import { afterEach, expect, it } from "vitest";
import { language, t, TABLES, type Text } from "../shared/texts";
import { eventWord, learn, limitText, MARKS, STATES, word } from "../shared/words";

afterEach(() => (language.value = "zh"));
const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

it("fills in the same names in both languages, and leaves no text empty", () => {
  for (const key of Object.keys(TABLES.en) as Text[]) {
    expect(names(TABLES.zh[key]), key).toEqual(names(TABLES.en[key]));
    expect(TABLES.zh[key].trim(), key).not.toBe("");
    expect(TABLES.en[key].trim(), key).not.toBe("");
  }
});

it("keeps English out of the Chinese table and Chinese out of the English one", () => {
  for (const key of Object.keys(TABLES.en) as Text[]) {
    if (key.startsWith("other")) continue;
    expect(/[\u4e00-\u9fff]/.test(TABLES.en[key]), key).toBe(false);
    expect(/[\u4e00-\u9fff{]/.test(TABLES.zh[key]), key).toBe(true);
  }
});

it("speaks the language of the page", () => {
  language.value = "en";
  expect(t("inView", { n: "1,200" })).toBe("1,200 in view");
  expect(word(STATES, "handling")).toBe("being handled");
  expect(eventWord("wangge.case.inspection-passed.v1")).toBe("inspection passed");
  expect(limitText("4 工作时", "working_hours")).toBe("4 working hours");
  expect(limitText("1 日", "natural_days")).toBe("1 day");
  expect(limitText("半天", "working_hours")).toBe("半天");
  language.value = "zh";
  expect(t("inView", { n: "1,200" })).toBe("视野内 1,200 件");
  expect(limitText("4 工作时", "working_hours")).toBe("4 工作时");
});

it("shows a word of a city's own as it came, until the city's definition tells it", () => {
  language.value = "en";
  expect(word(STATES, "arbitration")).toBe("arbitration");
  expect(eventWord("wangge.case.arbitrated.v1")).toBe("arbitrated");
  learn({
    states: { arbitration: { zh: "仲裁", en: "in arbitration" }, closed: { zh: "别的", en: "something else" } },
    stages: {}, actions: {}, marks: { forced: { zh: "强制结案", en: "closed by force" } },
    events: { arbitrated: { zh: "已仲裁", en: "was arbitrated" } },
  });
  expect(word(STATES, "arbitration")).toBe("in arbitration");
  expect(eventWord("wangge.case.arbitrated.v1")).toBe("was arbitrated");
  expect(word(MARKS, "forced")).toBe("closed by force");
  expect(word(STATES, "closed")).toBe("closed");
});
