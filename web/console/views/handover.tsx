import { useEffect, useRef, useState } from "preact/hooks";
import { call, handOver, path, type Page } from "../../shared/api";
import { both, figure, listed, t } from "../../shared/texts";
import type { Row } from "../cases";
import { toldOf } from "../refusals";
import type { About, Action, Field } from "../sheet";
import { anyTick, refusedToken } from "../store";
import { outcomesOf, type Outcomes } from "../together";
import { FieldsForm, type Perform } from "./action";
import { OutcomeLists } from "./together";

const field = (name: string, type: string, label: Field["label"], required: boolean): Field => ({ name, type, required, label, choices: null, choice_labels: null });
const ABOUT: About = { version: 0, category: "", location: null };
const formOf = (): Action => ({
  name: "hand-over", label: both("handOver"),
  fields: [field("account", "account", both("handOverTo"), true), field("reason", "text", both("handOverWhy"), false)],
});

interface Ended { outcomes: Outcomes; more: boolean }

/** The button of a change of shifts, and its dialog. What was filled in stays when the dialog is closed. */
export function HandOver() {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const seen = useRef<number | null>(null);
  const { mine, failure: unread, read } = useMine();
  const [ended, setEnded] = useState<Ended | null>(null);
  const [failure, setFailure] = useState("");
  const open = (): void => {
    setEnded(null);
    setFailure("");
    void read();
    dialog.current?.showModal();
    title.current?.focus();
  };
  const perform: Perform = async (action, _version, fields) => {
    setFailure("");
    setEnded(null);
    try {
      const { items, more } = await handOver(await fields());
      const numbers = new Map(mine?.items.map((row) => [row.id, row.number]));
      const outcomes = outcomesOf(items, action, (id) => numbers.get(id));
      setEnded({ outcomes, more });
      await read();
      anyTick.value += 1;
      if (outcomes.refused.length === 0 && !more) return null;
      title.current?.focus();
      return outcomes.wrong;
    } catch (error) {
      if (refusedToken(error)) return [];
      const told = toldOf(error, action);
      setFailure(told.kind === "refused" ? told.text : "");
      return [];
    }
  };
  const some = mine !== null && mine.items.length > 0;
  return (
    <>
      <button type="button" id="hand-over" aria-haspopup="dialog" onClick={open}>{t("handOver")}…</button>
      <dialog ref={dialog} id="hand-over-dialog" aria-labelledby="hand-over-title" onKeyDown={(event) => event.stopPropagation()}>
        <div class="sheet-head">
          <h2 id="hand-over-title" ref={title} tabIndex={-1}>{t("handOver")}</h2>
          <button type="button" class="close" aria-label={t("close_dialog")} onClick={() => dialog.current?.close()}>×</button>
        </div>
        <p>{t("handOverSay")}</p>
        <div role="alert">{(failure || unread) && <p class="told refused">{failure || unread}</p>}</div>
        <div role="status">
          {ended && <p class={`told ${ended.outcomes.refused.length ? "refused" : "done"}`}>{summary(ended)}</p>}
          {!mine && !unread && <p class="soft">{t("loading")}</p>}
          {mine && !some && !ended && <p>{t("handOverNone")}</p>}
        </div>
        {ended && <OutcomeLists outcomes={ended.outcomes} opened={() => dialog.current?.close()} />}
        {some && (
          <>
            <details class="mine">
              <summary>{t("handOverCount", { n: `${figure(mine.items.length)}${mine.next ? "+" : ""}` })}</summary>
              <p class="soft">{listed(mine.items.map((row) => row.number))}</p>
            </details>
            <div class="action"><FieldsForm action={formOf()} about={ABOUT} perform={perform} prefix="desk-" seen={seen} done={() => title.current?.focus()} /></div>
          </>
        )}
      </dialog>
    </>
  );
}

const summary = ({ outcomes, more }: Ended): string =>
  t("togetherDone", { label: t("handOver"), done: figure(outcomes.done.length), refused: figure(outcomes.refused.length) }) + (more ? ` ${t("handOverMore")}` : "");

/** The open cases that the caller took, read when the dialog is opened. */
function useMine(): { mine: Page<Row> | null; failure: string; read: () => Promise<void> } {
  const [mine, setMine] = useState<Page<Row> | null>(null);
  const [failure, setFailure] = useState("");
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  const read = async (): Promise<void> => {
    try {
      const found = await call<Page<Row>>(path("/cases", { owner: "me", open: "true", limit: 500 }));
      if (!alive.current) return;
      setMine(found);
      setFailure("");
    } catch (error) {
      if (!refusedToken(error)) setFailure(t("handOverFailed", { why: error instanceof Error ? error.message : "" }));
    }
  };
  return { mine, failure, read };
}
