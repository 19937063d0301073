import { useEffect, useState } from "preact/hooks";
import { call, type Page } from "../../shared/api";
import { inLanguage, moment, t } from "../../shared/texts";
import { STATES, word } from "../../shared/words";
import type { SheetData } from "../sheet";
import { ANSWERS, answerName, answerOf, compareOf, type Likely } from "../similar";
import { chosen, claims, refusedToken } from "../store";
import type { Perform } from "./action";

/** Likely duplicates, while an answer may be given; and what was answered, always. */
export function Similar({ sheet, perform }: { sheet: SheetData; perform: Perform }) {
  const action = compareOf(sheet);
  const [found, setFound] = useState<Likely[] | null>(null);
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const offered = action !== undefined;
  useEffect(() => {
    if (!offered) return;
    let current = true;
    call<Page<Likely>>(`/cases/${sheet.id}/similar`).then(
      (page) => { if (current) { setFound(page.items); setFailed(false); } },
      (error: unknown) => { if (current && !refusedToken(error)) setFailed(true); },
    );
    return () => { current = false; };
  }, [sheet.id, sheet.seq, offered]);
  if (!action) return <Answered sheet={sheet} />;
  const say = async (other: Likely, answer: (typeof ANSWERS)[number]): Promise<void> => {
    setBusy(true);
    await perform(action, sheet.version, async () => answerOf(other, answer));
    setBusy(false);
  };
  return (
    <section id="similar" aria-labelledby="similar-title">
      <h3 id="similar-title">{t("similar")}</h3>
      {failed && <p class="late" role="alert">{t("similarFailed")}</p>}
      {!failed && found?.length === 0 && <p class="soft">{t("noSimilar")}</p>}
      <ul role="list">
        {found?.map((one) => (
          <li key={one.id} data-similar={one.number}>
            <button type="button" class="link" onClick={() => (chosen.value = one.number)}>{one.number}</button>{" "}
            {t("metres", { n: one.distance_m.toFixed(0) })} · {word(STATES, one.state)} · {moment(one.opened_at)}
            {one.compared && (
              <p class="soft">{t("answered", { answer: inLanguage(answerName(action, one.compared.answer), one.compared.answer), who: name(one.compared.by), at: moment(one.compared.at) })}</p>
            )}
            <span class="row">
              {ANSWERS.map((answer) => (
                <button key={answer} type="button" data-answer={answer} disabled={busy} aria-pressed={one.compared?.answer === answer} onClick={() => void say(one, answer)}>
                  {inLanguage(answerName(action, answer), answer)}
                </button>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const name = (account: string): string => (account === claims.value?.subject ? t("you") : account);

function Answered({ sheet }: { sheet: SheetData }) {
  if (sheet.compared.length === 0) return null;
  return (
    <section id="similar" aria-labelledby="similar-title">
      <h3 id="similar-title">{t("similar")}</h3>
      <ul role="list">
        {sheet.compared.map((one) => (
          <li key={`${one.case} ${one.at}`}>
            <button type="button" class="link" onClick={() => (chosen.value = one.number)}>{one.number}</button>{" "}
            <span class="soft">{t("answered", { answer: t(one.answer === "same" ? "answer_same" : "answer_different"), who: name(one.by), at: moment(one.at) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
