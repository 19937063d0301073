import { useEffect, useRef, useState } from "preact/hooks";
import { act, call, Refusal } from "../../shared/api";
import { Attempts } from "../../shared/attempts";
import { inLanguage, moment, t } from "../../shared/texts";
import { LINES, SOURCES, STATES, word } from "../../shared/words";
import { isLate, phaseOf } from "../cases";
import { definitions, nameIn, readDefinition } from "../definitions";
import { keep } from "../hearing";
import { toldOf, wrongFields, type Told } from "../refusals";
import type { SheetData } from "../sheet";
import { anyTick, areaName, chosen, claims, names, now, refusedToken, sheetRow, sheetTick, where } from "../store";
import { ActionForm, type Perform } from "./action";
import { Badges } from "./badges";
import { Clock } from "./clock";
import { History } from "./history";
import { Contacts } from "./contacts";
import { cityMap } from "./map";
import { Photos } from "./photos";
import { Similar } from "./similar";
import { ToldText } from "./told";

export function Sheet({ number }: { number: string }) {
  const [sheet, setSheet] = useState<SheetData | null>(null);
  const [failure, setFailure] = useState("");
  const [told, setTold] = useState<Told | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const asked = useRef(0);
  const show = (found: SheetData): void => {
    asked.current += 1;
    setSheet(found);
    sheetRow.value = found;
    setFailure("");
    keep(found);
  };
  const load = async (): Promise<void> => {
    const run = (asked.current += 1);
    try {
      const found = await call<SheetData>(`/cases/${encodeURIComponent(number)}`);
      readDefinition(found.definition).catch(refusedToken);
      // Unless another answer has overtaken this one.
      if (run === asked.current) show(found);
      // Whoever follows a link to another case names it by its id.
      if (found.number !== number && chosen.value === number) chosen.value = found.number;
    } catch (error) {
      if (refusedToken(error)) return;
      const gone = error instanceof Refusal && error.status === 404;
      if (gone) setSheet(sheetRow.value = null);
      setFailure(gone ? t("gone") : t("sheetFailed", { why: error instanceof Error ? error.message : "" }));
    }
  };
  const ticks = sheetTick.value;
  useEffect(() => {
    const timer = setTimeout(() => void load(), ticks ? 150 : 0);
    return () => clearTimeout(timer);
  }, [ticks]);
  const close = (): void => {
    chosen.value = null;
    const back = document.querySelector<HTMLElement>(`[data-number="${CSS.escape(number)}"]`);
    (back ?? document.getElementById("list"))?.focus();
  };
  useEffect(() => heading.current?.focus(), []);
  return (
    <section id="sheet" aria-labelledby="sheet-title" onKeyDown={(event) => {
      // Escape in a field must not throw away what is written there.
      if (event.key === "Escape" && !(event.target as HTMLElement).closest("textarea, input, select")) close();
    }}>
      <div class="sheet-head">
        <h2 id="sheet-title" ref={heading} tabIndex={-1}>{sheet?.number ?? number}</h2>
        <button type="button" class="close" aria-label={t("close")} onClick={close}>×</button>
      </div>
      {failure && <p role="alert" class="late">{failure} <button type="button" onClick={() => void load()}>{t("again")}</button></p>}
      <div id="told" role="alert" class={told?.kind ?? ""}><ToldText told={told} /></div>
      {sheet ? <Body sheet={sheet} show={show} tell={setTold} reload={load} /> : !failure && <p class="soft">{t("loading")}</p>}
    </section>
  );
}

function Body({ sheet, show, tell, reload }: { sheet: SheetData; show: (s: SheetData) => void; tell: (t: Told | null) => void; reload: () => Promise<void> }) {
  const known = names.value;
  const late = isLate(sheet, now.value);
  const category = known?.categories.get(sheet.category);
  const condition = category?.conditions.find((one) => one.code === sheet.condition);
  const definition = definitions.value.get(sheet.definition);
  const attempts = useRef(new Attempts());
  const perform: Perform = async (action, version, fields) => {
    tell(null);
    let said: Record<string, unknown> = {};
    const answered = (): void => attempts.current.answered(action.name, said);
    try {
      said = { version, ...(await fields()) };
      const after = await act<SheetData>(sheet.id, action.name, { ...said, id: attempts.current.idOf(action.name, said) });
      answered();
      tell({ kind: "done", text: t("done", { label: inLanguage(action.label, action.name) }) });
      show(after);
      anyTick.value += 1;
      return null;
    } catch (error) {
      if (error instanceof Refusal && error.status < 500) answered();
      if (refusedToken(error)) return [];
      tell(toldOf(error, action));
      if (error instanceof Refusal && error.status !== 422) await reload();
      return wrongFields(error);
    }
  };
  return (
    <>
      <p class="state-line">
        <span class={`mark ${phaseOf(sheet.state)}${late ? " is-late" : ""}`} aria-hidden="true" />
        <strong id="sheet-state">{inLanguage(nameIn(definition?.states, sheet.state), word(STATES, sheet.state))}</strong>
        {late && <strong class="late"> · {t("late")}</strong>}
        <Badges marks={sheet.marks} definition={definition} />
      </p>
      <dl>
        <dt>{t("category")}</dt><dd>{inLanguage(category?.name, sheet.category)} <span class="soft">{sheet.category}</span></dd>
        {sheet.condition && <><dt>{t("condition")}</dt><dd>{inLanguage(condition?.text, sheet.condition)} <span class="soft">{sheet.condition}</span></dd></>}
        <dt>{t("department")}</dt><dd>{sheet.department ? inLanguage(known?.departments.get(sheet.department)?.name, sheet.department) : "–"}</dd>
        <dt>{t("place")}</dt>
        <dd>
          {(["city", "district", "community"] as const).map((level) => inLanguage(areaName(sheet.areas[level]), sheet.areas[level])).join(" · ")}
          <br /><span class="soft">{sheet.location.lon.toFixed(6)}, {sheet.location.lat.toFixed(6)}</span>{" "}
          <button type="button" class="link" onClick={() => cityMap.value?.show(sheet.location.lon, sheet.location.lat)}>{t("showOnMap")}</button>
        </dd>
        <dt>{t("opened")}</dt><dd>{moment(sheet.opened_at)}</dd>
        {sheet.closed_at && <><dt>{t("closedAt")}</dt><dd>{moment(sheet.closed_at)}</dd></>}
        <dt>{t("reports")}</dt><dd>{sheet.reports.count} · {word(SOURCES, sheet.source)}</dd>
        <dt>{t("workflow")}</dt>
        <dd>
          {inLanguage(definition?.name, word(LINES, sheet.line))} <span class="soft">{sheet.definition}</span>{" "}
          <button type="button" class="link" id="to-workflow" onClick={() => (where.value = { page: "workflow", of: sheet.definition, year: "" })}>{t("onWorkflow")}</button>
        </dd>
      </dl>
      <Kin sheet={sheet} />
      {sheet.possible_duplicate_of && <p class="soft">{t("duplicate")}</p>}
      <h3>{t("actions")}</h3>
      {sheet.actions.length === 0 && <p class="soft">{t("noActions")}</p>}
      {sheet.actions.map((action) => <ActionForm key={action.name} action={action} about={sheet} perform={perform} title="sheet-title" />)}
      <Contacts key={`contacts ${sheet.id}`} sheet={sheet} />
      <Similar key={`similar ${sheet.id}`} sheet={sheet} perform={perform} />
      <h3>{t("clocks")}</h3>
      {sheet.deadlines.map((clock) => <Clock key={clock.stage} clock={clock} definition={definition} />)}
      <h3>{t("links")}</h3>
      <Links links={sheet.links} />
      {sheet.photos.length > 0 && <><h3>{t("photos")}</h3><Photos photos={sheet.photos} /></>}
      <h3>{t("history")}</h3>
      <History id={sheet.id} seq={sheet.seq} allowed={["supervisor", "auditor"].includes(claims.value?.role ?? "")} />
    </>
  );
}

/** Who assists, and what became of the case, or of others with it. */
function Kin({ sheet }: { sheet: SheetData }) {
  const open = (key: string, text = t("openCase")) => <button type="button" class="link" onClick={() => (chosen.value = key)}>{text}</button>;
  const { assistants, merged, merged_into, split_from } = sheet;
  if (!assistants.length && !merged.length && !merged_into && !split_from) return null;
  return (
    <dl id="kin">
      {assistants.length > 0 && (
        <>
          <dt>{t("assistants")}</dt>
          <dd>{assistants.map((one) => <div key={one.department}>{inLanguage(names.value?.departments.get(one.department)?.name, one.department)} · {t(one.done ? "assistDone" : "assistOpen")}</div>)}</dd>
        </>
      )}
      {merged_into && <><dt>{t("mergedInto")}</dt><dd>{open(merged_into)}</dd></>}
      {merged.length > 0 && <><dt>{t("merged")}</dt><dd>{merged.map((one) => <div key={one.id}>{open(one.number, one.number)}</div>)}</dd></>}
      {split_from && <><dt>{t("splitFrom")}</dt><dd>{open(split_from)}</dd></>}
    </dl>
  );
}

function Links({ links }: { links: SheetData["links"] }) {
  // The class of a part has the code of its category.
  const categories = names.value?.categories;
  return (
    <dl id="links">
      {(["parts", "buildings", "dwellings"] as const).map((kind) => (
        <>
          <dt key={kind}>{t(kind)}</dt>
          <dd>
            {links[kind].length === 0 && t("nothing")}
            {links[kind].map((one) => (
              <div key={one.code}>{one.class && `${inLanguage(categories?.get(one.class)?.name, one.class)} · `}{one.code} · {t("metres", { n: one.distance_m.toFixed(1) })}</div>
            ))}
          </dd>
        </>
      ))}
    </dl>
  );
}

