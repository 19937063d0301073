import { useEffect, useRef, useState } from "preact/hooks";
import { actTogether, call } from "../../shared/api";
import { Attempts } from "../../shared/attempts";
import { figure, inLanguage, listed, t } from "../../shared/texts";
import { loadList, refreshMap } from "../loading";
import { clearPicked, leaveOut, picked, together } from "../picking";
import { toldOf } from "../refusals";
import { aboutAll, commonOf, eachOf, outcomesOf, type Known, type Outcomes } from "../together";
import type { SheetData } from "../sheet";
import { anyTick, chosen, refusedToken } from "../store";
import { ActionForm, type Perform } from "./action";
import { ToldText } from "./told";

const AT_ONCE = 4;

interface Ended { label: string; outcomes: Outcomes }

/** What can be done with all chosen cases, and what became of each. Hidden, not gone, while a case's sheet is open. */
export function Together({ hidden }: { hidden: boolean }) {
  const { known, lost, again } = useKnown();
  const [ended, setEnded] = useState<Ended | null>(null);
  const [failure, setFailure] = useState("");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The sheet that stood before this is closed, and what opened it may be gone from the list.
    if (!hidden && document.activeElement === document.body) heading.current?.focus();
  }, [hidden]);
  const chosenIds = [...picked.value.keys()];
  const ready = chosenIds.flatMap((id) => known.get(id) ?? []);
  const waiting = chosenIds.length - ready.length - lost.size;
  const attempts = useRef(new Attempts());
  const perform: Perform = async (action, _version, fields) => {
    setFailure("");
    setEnded(null);
    try {
      const said = await fields();
      const saidOf = (version: number): unknown => [action.name, version, said];
      const cases = ready.map((one) => ({ case: one.id, version: one.version, id: attempts.current.idOf(one.id, saidOf(one.version)) }));
      const { items } = await actTogether(action.name, { cases, ...said });
      // The whole was answered, so each of it was.
      for (const one of ready) attempts.current.answered(one.id, saidOf(one.version));
      const outcomes = outcomesOf(items, action, (id) => known.get(id)?.number);
      setEnded({ label: inLanguage(action.label, action.name), outcomes });
      leaveOut(outcomes.done.map((one) => one.id));
      again(outcomes.refused.map((one) => one.id));
      anyTick.value += 1;
      refreshMap();
      void loadList(true);
      heading.current?.focus();
      return outcomes.refused.length ? outcomes.wrong : null;
    } catch (error) {
      if (refusedToken(error)) return [];
      const told = toldOf(error, action);
      setFailure(told.kind === "clash" ? t("clash") : told.text);
      return [];
    }
  };
  const close = (): void => {
    together.value = false;
    (document.getElementById("act-together") ?? document.getElementById("list") ?? document.getElementById("content"))?.focus();
  };
  return (
    <section id="together" class="sheet" aria-labelledby="together-title" hidden={hidden} onKeyDown={(event) => {
      // Escape in a field must not throw away what is written there.
      if (event.key === "Escape" && !hidden && !(event.target as HTMLElement).closest("textarea, input, select")) close();
    }}>
      <div class="sheet-head">
        <h2 id="together-title" ref={heading} tabIndex={-1}>{t("togetherTitle", { n: figure(chosenIds.length) })}</h2>
        <button type="button" class="close" aria-label={t("togetherClose")} onClick={close}>×</button>
      </div>
      <div role="alert">{failure && <p class="told refused">{failure}</p>}</div>
      <div role="status">{ended && <p class={`told ${ended.outcomes.refused.length ? "refused" : "done"}`}>{summary(ended)}</p>}</div>
      {ended && <OutcomeLists outcomes={ended.outcomes} />}
      {waiting > 0 && <p class="soft" role="status">{t("togetherReading", { n: figure(ready.length), all: figure(chosenIds.length) })}</p>}
      {lost.size > 0 && <p class="late" role="alert">{t("togetherLost", { what: listed([...lost].map((id) => picked.value.get(id)?.number ?? id)) })} <button type="button" onClick={() => again([...lost])}>{t("again")}</button></p>}
      {ready.length > 0 && <div hidden={waiting > 0}><Possible ready={ready} perform={perform} /></div>}
      <Chosen />
    </section>
  );
}

const summary = ({ label, outcomes }: Ended): string =>
  t("togetherDone", { label, done: figure(outcomes.done.length), refused: figure(outcomes.refused.length) }) + (outcomes.refused.length ? ` ${t("togetherKept")}` : "");

/** The chosen cases as they were when they were read: each once, a few at a time. */
function useKnown(): { known: ReadonlyMap<string, Known>; lost: ReadonlySet<string>; again: (ids: string[]) => void } {
  const [known, setKnown] = useState<ReadonlyMap<string, Known>>(new Map());
  const [lost, setLost] = useState<ReadonlySet<string>>(new Set());
  const [round, setRound] = useState(0);
  const begun = useRef(new Set<string>());
  const life = useRef(new AbortController());
  const read = async (id: string): Promise<void> => {
    if (!picked.value.has(id)) return void begun.current.delete(id);
    try {
      const { number, version, category, location, actions } = await call<SheetData>(`/cases/${id}`);
      setKnown((before) => new Map(before).set(id, { id, number, version, category, location, actions }));
    } catch (error) {
      if (!refusedToken(error)) setLost((before) => new Set(before).add(id));
    }
  };
  const ids = [...picked.value.keys()];
  useEffect(() => {
    const fresh = ids.filter((id) => !begun.current.has(id));
    for (const id of fresh) begun.current.add(id);
    void eachOf(fresh, AT_ONCE, life.current.signal, read);
  }, [ids.join(), round]);
  useEffect(() => () => life.current.abort(), []);
  // What is known stays until it is read anew: a form that is filled in must not vanish meanwhile.
  const again = (some: string[]): void => {
    for (const id of some) begun.current.delete(id);
    setLost((before) => new Set([...before].filter((id) => !some.includes(id))));
    setRound((before) => before + 1);
  };
  return { known, lost: new Set(ids.filter((id) => lost.has(id))), again };
}

function Possible({ ready, perform }: { ready: Known[]; perform: Perform }) {
  const { actions, partly } = commonOf(ready);
  const about = aboutAll(ready);
  return (
    <>
      <h3>{t("togetherActions")}</h3>
      {actions.length === 0 && <p class="soft">{t("togetherNone")}</p>}
      {actions.map((action) => <ActionForm key={action.name} action={action} about={about} perform={perform} title="together-title" prefix="together-" />)}
      {partly.length > 0 && (
        <p id="partly" class="soft">{t("togetherPartly", { what: listed(partly.map(({ action, count }) => t(count === ready.length ? "partlyOther" : "partly", { action: inLanguage(action.label, action.name), n: figure(count), all: figure(ready.length) }))) })}</p>
      )}
    </>
  );
}

/** What became of each: those that were refused first, with the reason. */
export function OutcomeLists({ outcomes: { done, refused }, opened }: { outcomes: Outcomes; opened?: () => void }) {
  return (
    <div class="outcomes">
      {refused.length > 0 && (
        <ul id="not-done" role="list" aria-label={t("notDoneCases")}>
          {refused.map((one) => <li key={one.id} data-outcome={one.number}><CaseLink number={one.number} opened={opened} /><ToldText told={one.told} /></li>)}
        </ul>
      )}
      {done.length > 0 && (
        <details id="all-done">
          <summary>{t("doneCases", { n: figure(done.length) })}</summary>
          <ul role="list" class="numbers">{done.map((one) => <li key={one.id}><CaseLink number={one.number} opened={opened} /></li>)}</ul>
        </details>
      )}
    </div>
  );
}

function CaseLink({ number, opened }: { number: string; opened?: (() => void) | undefined }) {
  const open = (): void => {
    opened?.();
    chosen.value = number;
  };
  return <button type="button" class="link" onClick={open}>{number}</button>;
}

function Chosen() {
  const cases = [...picked.value.values()];
  if (cases.length === 0) return null;
  return (
    <>
      <h3>{t("chosenCases")}</h3>
      <ul id="chosen-cases" role="list" class="numbers">
        {cases.map((one) => (
          <li key={one.id}>
            <CaseLink number={one.number} />
            <button type="button" class="leave-out" aria-label={t("leaveOut", { number: one.number })} onClick={() => { leaveOut([one.id]); document.getElementById("together-title")?.focus(); }}>×</button>
          </li>
        ))}
      </ul>
      <button type="button" onClick={clearPicked}>{t("pickClear")}</button>
    </>
  );
}
