import { useState } from "preact/hooks";
import { inLanguage, moment, t } from "../../shared/texts";
import { limitText, STAGES, word } from "../../shared/words";
import { nameIn, type Definition } from "../definitions";
import { latenessOf } from "../lateness";
import type { Deadline } from "../sheet";
import { now } from "../store";
import { TimeLineView } from "./timeline";

/** A stage's clock: limit, moment, and why; what is laid out is drawn only once it is asked for. */
export function Clock({ clock, definition }: { clock: Deadline; definition: Definition | undefined }) {
  const [open, setOpen] = useState(false);
  const lateness = latenessOf(clock, now.value);
  const past = lateness === "late";
  const paused = clock.pauses.length;
  return (
    <details class="clock" data-stage={clock.stage} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class={`lamp ${lateness}`} aria-hidden="true" />
        {inLanguage(nameIn(definition?.stages, clock.stage), word(STAGES, clock.stage))} · {t("limit", { limit: limitText(clock.limit, clock.clock) })} ·{" "}
        <span class={past ? "late" : ""}>{clock.due_at ? t("due", { at: moment(clock.due_at) }) : t("standing", { at: moment(clock.stopped_at) })}</span>
        {clock.due_at && lateness !== "fine" && <strong class={lateness}> · {t(`lateness_${lateness}`)}</strong>}
        {clock.extensions > 0 && <span class="badge">{clock.extensions === 1 ? t("extendedOnce") : t("extendedTimes", { n: clock.extensions })}</span>}
        {paused > 0 && <span class="badge">{paused === 1 ? t("pausedOnce") : t("pausedTimes", { n: paused })}</span>}
      </summary>
      {clock.provisional && <p class="soft">{t("provisional")}</p>}
      {open && <TimeLineView clock={clock} />}
      <table>
        <caption>{t("why")}</caption>
        <thead><tr><th scope="col">{t("from")}</th><th scope="col">{t("to")}</th><th scope="col">{t("counted")}</th><th scope="col">{t("reason")}</th></tr></thead>
        <tbody>
          {clock.breakdown.map((span) => (
            <tr key={span.from}>
              <td>{moment(span.from)}</td><td>{moment(span.to)}</td>
              <td>{t(span.counted ? "counted" : "paused")}</td><td>{inLanguage(span.why, "")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
