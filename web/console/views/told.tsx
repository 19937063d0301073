import { moment, t } from "../../shared/texts";
import { eventWord, STATES, word } from "../../shared/words";
import type { Told } from "../refusals";

/** What became of an action: its words, or what changed meanwhile and by whom. */
export function ToldText({ told }: { told: Told | null }) {
  if (told?.kind !== "clash") return told && <p>{told.text}</p>;
  return (
    <>
      <p>{t("clash")}</p>
      <ul>
        {told.changed.map((one) => (
          <li key={one.seq}>{t("clashLine", { at: moment(one.at), who: one.actor, what: eventWord(one.type), state: word(STATES, one.state) })}</li>
        ))}
      </ul>
    </>
  );
}
