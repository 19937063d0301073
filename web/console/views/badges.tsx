import { inLanguage, t } from "../../shared/texts";
import { MARKS, word } from "../../shared/words";
import { nameIn, type Definition } from "../definitions";
import { badgeText } from "../marks";
import { claims } from "../store";

// What somebody should look at before anything else.
const LOUD = new Set(["supervised", "forced", "appealed", "extension_asked", "returns", "reopened"]);

/** The marks of a case in words: a flag alone, a count with its figure, an account with its name. */
export function Badges({ marks, definition }: { marks: Record<string, number | string>; definition: Definition | undefined }) {
  return (
    <>
      {Object.entries(marks).map(([code, value]) => {
        const known = definition?.marks.find((one) => one.code === code);
        const state = typeof value === "string" ? nameIn(definition?.states, value) : undefined;
        const text = badgeText(inLanguage(known?.name, word(MARKS, code)), inLanguage(state, "") || (value === claims.value?.subject ? t("you") : value), known?.counts ?? false);
        return <span key={code} data-mark={code} class={`badge${LOUD.has(code) ? " loud" : ""}`}>{text}</span>;
      })}
    </>
  );
}
