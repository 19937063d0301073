import { inLanguage, t } from "../../shared/texts";
import { MARKS, word } from "../../shared/words";
import { nameIn, type Definition } from "../definitions";

// What somebody should look at before anything else.
const LOUD = new Set(["supervised", "forced", "appealed", "extension_asked", "returns", "reopened"]);

/** The marks of a case in words: a flag alone, a count with its figure, an account with its name. */
export function Badges({ marks, definition }: { marks: Record<string, number | string>; definition: Definition | undefined }) {
  return (
    <>
      {Object.entries(marks).map(([code, value]) => (
        <span key={code} data-mark={code} class={`badge${LOUD.has(code) ? " loud" : ""}`}>{badgeText(inLanguage(nameIn(definition?.marks, code), word(MARKS, code)), value)}</span>
      ))}
    </>
  );
}

export function badgeText(mark: string, value: number | string): string {
  if (typeof value === "string") return t("markWho", { mark, who: value });
  return value === 1 ? mark : t("markCount", { mark, n: value });
}
