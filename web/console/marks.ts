// The marks of a case in words.

import { t } from "../shared/texts";

/** A flag alone, a count with its figure, an account or a state by its name. */
export function badgeText(mark: string, value: number | string, counts: boolean): string {
  if (typeof value === "string") return t("markWho", { mark, who: value });
  return value === 1 && !counts ? mark : t("markCount", { mark, n: value });
}
