// How long something takes, in words.

import { t } from "../../shared/texts";
import { stretch } from "../lateness";

/** "2 h 5 min left", by the wall clock; two figures are enough. */
export function leftText(due: string, at: number): string {
  const moment = Date.parse(due);
  return t(moment > at ? "timeLeft" : "timeOver", { time: stretchText(at, moment) });
}

export function stretchText(from: number, to: number): string {
  const { days, hours, minutes } = stretch(from, to);
  const parts = [days && t("days_n", { n: days }), hours && t("hours_n", { n: hours }), minutes && t("minutes_n", { n: minutes })].filter((part) => part !== 0);
  return parts.slice(0, 2).join(" ") || t("minutes_n", { n: 0 });
}
