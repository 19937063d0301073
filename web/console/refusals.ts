// Why an action was not done, in the words of the page.

import { Refusal, type Change, type FieldError } from "../shared/api";
import { inLanguage, listed, t } from "../shared/texts";
import { ACTIONS, word } from "../shared/words";
import type { Action } from "./sheet";

/** What became of the last action, as the sheet tells it. */
export type Told = { kind: "done"; text: string } | { kind: "clash"; changed: Change[] } | { kind: "refused"; text: string };

/** What to tell of a refusal: what changed, a guard's words, what is possible instead, or the fields that are wrong. */
export function toldOf(error: unknown, action: Action): Told {
  if (!(error instanceof Refusal)) return refusedFor(t("unreachable"));
  const { changed, errors, possible, refusal, detail } = error.problem;
  if (changed) return { kind: "clash", changed };
  if (refusal) return refusedFor(inLanguage(refusal, detail ?? ""));
  if (possible) {
    const words = listed(possible.map((name) => word(ACTIONS, name)));
    return refusedFor(detail ?? "", possible.length ? t("possible", { what: words }) : t("nothingPossible"));
  }
  return refusedFor(errors?.map((one) => fieldText(action, one)).join("; ") || detail || String(error.status));
}

export const wrongFields = (error: unknown): string[] =>
  error instanceof Refusal ? (error.problem.errors?.map((one) => one.field) ?? []) : [];

const refusedFor = (why: string, more = ""): Told => ({ kind: "refused", text: `${t("refused", { why })} ${more}`.trim() });

/** What is wrong with a field, under the name that the form gives it. */
function fieldText(action: Action, { field, reason }: FieldError): string {
  const known: Record<string, string> = { "is required": t("field_required"), "must be confirmed": t("field_confirm") };
  const label = action.fields.find((one) => one.name === field)?.label;
  return t("fieldWrong", { field: inLanguage(label, field), reason: known[reason] ?? reason });
}
