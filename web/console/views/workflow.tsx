import { useEffect, useState } from "preact/hooks";
import { all, call, path, Refusal } from "../../shared/api";
import { inLanguage, listed, moment, t } from "../../shared/texts";
import { eventWord, limitText, ROLES, STATES, word } from "../../shared/words";
import { definitionRows, definitions, nameIn, newest, readDefinition, type ActionRow, type Definition } from "../definitions";
import { graphOf, pathOf, type Entry, type Trace } from "../path";
import type { SheetData } from "../sheet";
import { chosen, claims, refusedToken, sheetTick, where } from "../store";
import { Drawing } from "./drawing";

/** A definition drawn, with the way of the open case on it. */
export function WorkflowPage() {
  const [trace, setTrace] = useState<Trace | null>(null);
  const [failure, setFailure] = useState("");
  const number = chosen.value;
  const rows = definitionRows.value;
  const key = where.value.of || trace?.definition || newest(rows)[0]?.code || "";
  const definition = definitions.value.get(key);
  const tick = sheetTick.value;
  const failed = (error: unknown): void => {
    if (!refusedToken(error)) setFailure(t("drawingFailed", { why: error instanceof Error ? error.message : "" }));
  };
  useEffect(() => {
    let gone = false;
    if (number === null) setTrace(null);
    else traceOf(number).then((found) => !gone && setTrace(found), (error: unknown) => !gone && !(error instanceof Refusal && error.status === 404) && failed(error));
    return () => void (gone = true);
  }, [number, tick]);
  useEffect(() => {
    setFailure("");
    if (key) readDefinition(key).catch(failed);
  }, [key]);
  const drawn = trace?.definition === key ? trace : null;
  return (
    <section id="workflow" aria-labelledby="workflow-title">
      <div class="row">
        <h2 id="workflow-title">{t("workflow")}</h2>
        <label>{t("definition")}{" "}
          <select id="workflow-of" value={key} onChange={(event) => (where.value = { ...where.value, of: event.currentTarget.value })}>
            {rows.map((one) => <option key={one.code} value={one.code}>{inLanguage(one.name, one.code)} · {t("version_n", { n: one.version })}</option>)}
          </select>
        </label>
        {!number && <p class="soft">{t("pickCase")}</p>}
      </div>
      {failure && <p role="alert" class="late">{failure}</p>}
      {definition ? <Body definition={definition} trace={drawn} /> : !failure && <p class="soft" role="status">{t("loading")}</p>}
    </section>
  );
}

async function traceOf(number: string): Promise<Trace> {
  const sheet = await call<SheetData>(`/cases/${encodeURIComponent(number)}`);
  const reads = ["supervisor", "auditor"].includes(claims.peek()?.role ?? "");
  const entries = reads ? await all<Entry>(path(`/cases/${sheet.id}/events`)) : null;
  return { number: sheet.number, definition: sheet.definition, state: sheet.state, steps: entries && pathOf(entries) };
}

function Body({ definition, trace }: { definition: Definition; trace: Trace | null }) {
  const state = (code: string): string => inLanguage(nameIn(definition.states, code), word(STATES, code));
  const { ways, exits } = graphOf(definition);
  const stay = definition.actions.filter((action) => action.steps.every((step) => !step.back && (step.to === null || step.to === step.from)));
  const back = definition.actions.filter((action) => action.steps.some((step) => step.back));
  const who = (action: ActionRow) => {
    const codes = [...new Set(action.steps.flatMap((step) => step.roles))];
    return <span class="soft">{listed(codes.map((code) => inLanguage(nameIn(definition.roles, code), word(ROLES, code))))}</span>;
  };
  return (
    <>
      <p class="soft">{t("drawingHelp")}</p>
      <Drawing definition={definition} ways={ways} exits={exits} trace={trace} />
      <div class="beside">
        {trace && (
          <section aria-labelledby="way-title">
            <h3 id="way-title">{t("pathOf", { number: trace.number })}</h3>
            {trace.steps === null && <p class="soft">{t("noPath")} {t("current")}: {state(trace.state)}</p>}
            {trace.steps && (
              <ol class="way" start={0}>
                {trace.steps.map((step) => (
                  <li key={step.n} value={step.n}>
                    {step.from === null ? t("pathBegan") : `${state(step.from)} →`} <strong>{state(step.to)}</strong>
                    <div class="soft">{eventWord(step.type)} · {moment(step.at)} · {t("who", { who: step.actor })}</div>
                  </li>
                ))}
              </ol>
            )}
          </section>
        )}
        <section aria-labelledby="stages-title">
          <h3 id="stages-title">{t("stagesOf")}</h3>
          <table>
            <thead><tr><th scope="col">{t("stagesOf")}</th><th scope="col">{t("states")}</th><th scope="col">{t("stageLimit")}</th></tr></thead>
            <tbody>
              {definition.stages.map((stage) => (
                <tr key={stage.code}>
                  <th scope="row">{inLanguage(stage.name, stage.code)}</th><td>{listed(stage.states.map(state))}</td>
                  <td>{stage.limit ? limitText(stage.limit, stage.clock ?? "") : t(stage.by_condition ? "byCondition" : "chosenMoment")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <section aria-labelledby="exits-title">
          <h3 id="exits-title">{t("exits")}</h3>
          <ul>
            {exits.map((exit) => <li key={exit.action.code}>{t("exitLine", { action: inLanguage(exit.action.name, exit.action.code), to: state(exit.to) })} {who(exit.action)}</li>)}
            {back.map((action) => <li key={action.code}>{t("backTo", { action: inLanguage(action.name, action.code) })} {who(action)}</li>)}
          </ul>
          <h3>{t("stay")}</h3>
          <ul>{stay.map((action) => <li key={action.code}>{inLanguage(action.name, action.code)} {who(action)}</li>)}</ul>
        </section>
      </div>
    </>
  );
}
