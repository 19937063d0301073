import { useEffect, useRef, useState } from "preact/hooks";
import { all, call, path, Refusal, type Page } from "../../shared/api";
import { figure, inLanguage, shortMoment, t, type Name } from "../../shared/texts";
import { LINES, STATES, word } from "../../shared/words";
import { phaseOf, type Row } from "../cases";
import { definitions, nameIn } from "../definitions";
import { latenessOf, type Waiting } from "../lateness";
import { hasOwners, OWNERS, ownerQuery, type Owner } from "../owners";
import { clearPicked } from "../picking";
import { anyTick, chosen, claims, names, now, refusedToken, where } from "../store";
import { Badges } from "./badges";
import { HandOver } from "./handover";
import { clickRow, noSpace, PickAll, PickBar, pickKey, Tick, Ticked } from "./picking";
import { leftText } from "./stretch";
import { stepTo, walk } from "./walk";

interface Queue { code: string; name: Name; line: string; stage: string | null; mark: string | null; cases: number; late: number }
interface QueueRow extends Row { definition: string; marks: Record<string, number | string>; waiting: Waiting | null }

const PAGE = 100;
const MOST = 500;
const SOONEST_MS = 1000;

/** The queues of the caller's desk, and the cases of one, the most urgent first. */
export function Queues() {
  const [queues, setQueues] = useState<Queue[] | null>(null);
  const [rows, setRows] = useState<QueueRow[]>([]);
  const [more, setMore] = useState(false);
  const [failed, setFailed] = useState(false);
  const wanted = useRef(PAGE);
  const run = useRef(0);
  const [owner, setOwner] = useState<Owner>("all");
  const open = where.value.of;

  const load = async (): Promise<number> => {
    const mine = (run.current += 1);
    const began = performance.now();
    try {
      const found = await all<Queue>("/queues");
      const code = found.some((one) => one.code === where.value.of) ? where.value.of : (firstOf(found)?.code ?? "");
      const page: Page<QueueRow> = code ? await call(path("/cases", { queue: code, ...ownerQuery(claims.value?.role, owner), limit: wanted.current })) : { items: [], next: null };
      if (mine !== run.current) return 0;
      setQueues(found);
      if (code !== where.value.of) where.value = { ...where.value, of: code };
      setRows(page.items);
      setMore(page.next !== null);
      setFailed(false);
    } catch (error) {
      if (mine !== run.current || refusedToken(error)) return 0;
      // A role that reads no cases works no queue.
      if (error instanceof Refusal && error.status === 403) setQueues([]);
      else setFailed(true);
    }
    return performance.now() - began;
  };

  useEffect(() => {
    wanted.current = PAGE;
    void load();
  }, [open, owner]);
  useRefreshed(load);

  if (!queues) return <section id="queues" aria-busy="true"><p class={failed ? "late" : "soft"} role="status">{t(failed ? "queuesFailed" : "loading")}</p></section>;
  const shown = queues.find((one) => one.code === open);
  return (
    <>
      <nav id="queues" aria-label={t("queues")} onKeyDown={walk}>
        {failed && <p class="late" role="alert">{t("queuesFailed")}</p>}
        {queues.length === 0 && <p class="soft" role="status">{t("noQueues")}</p>}
        <QueueNames queues={queues} open={open} />
        {claims.value?.role === "acceptor" && <HandOver />}
      </nav>
      {shown && <QueueRows queue={shown} rows={rows} more={more} owner={owner} setOwner={(one) => { clearPicked(); setOwner(one); }} showMore={() => { wanted.current = Math.min(MOST, wanted.current + PAGE); void load(); }} />}
    </>
  );
}

/** The first queue in which something waits. */
const firstOf = (queues: Queue[]): Queue | undefined => queues.find((one) => one.cases > 0) ?? queues[0];

/** Reads again when a case may have changed, in measure: a slow answer is asked for less often. */
function useRefreshed(load: () => Promise<number>): void {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const cost = useRef(0);
  const tick = anyTick.value;
  const first = useRef(tick);
  useEffect(() => {
    if (tick === first.current || timer.current !== null) return;
    timer.current = setTimeout(() => {
      timer.current = null;
      void load().then((took) => (cost.current = took));
    }, Math.max(SOONEST_MS, cost.current * 8));
  }, [tick]);
  useEffect(() => () => void (timer.current !== null && clearTimeout(timer.current)), []);
}

function QueueNames({ queues, open }: { queues: Queue[]; open: string }) {
  const lines = [...new Set(queues.map((one) => one.line))];
  const reached = queues.some((one) => one.code === open) ? open : queues[0]?.code;
  return (
    <>
      {lines.map((line) => (
        <section key={line} aria-labelledby={`line-${line}`}>
          <h2 id={`line-${line}`}>{word(LINES, line)}</h2>
          <ul role="list">
            {queues.filter((one) => one.line === line).map((one) => (
              <li key={one.code}>
                <button type="button" data-walk data-queue={one.code} tabIndex={one.code === reached ? 0 : -1} aria-current={one.code === open ? "true" : undefined}
                  onClick={() => (where.value = { ...where.value, of: one.code })}>
                  <span>{inLanguage(one.name, one.code)}</span>
                  <span class="counts">
                    <span class="count">{t("queueCount", { n: figure(one.cases) })}</span>
                    {one.late > 0 && <strong class="late"> {t("queueLate", { n: figure(one.late) })}</strong>}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

interface Shown { queue: Queue; rows: QueueRow[]; more: boolean; owner: Owner; setOwner: (owner: Owner) => void; showMore: () => void }

function QueueRows({ queue, rows, more, owner, setOwner, showMore }: Shown) {
  const [focused, setFocused] = useState("");
  const entry = rows.some((row) => row.id === focused) ? focused : rows[0]?.id;
  const keys = (event: KeyboardEvent): void => {
    const from = rows.findIndex((row) => row.id === focused);
    if (!pickKey(event, rows, from, stepTo(event.key, from, rows.length))) walk(event);
  };
  return (
    <section id="queue" aria-labelledby="queue-title">
      <div class="list-head">
        <h2 id="queue-title">{inLanguage(queue.name, queue.code)} <span class="soft">{t("shownOf", { n: figure(rows.length), all: figure(queue.cases) })}</span></h2>
        <PickAll rows={rows} />
      </div>
      {queue.stage && hasOwners(claims.value?.role) && (
        <fieldset class="owners">
          <legend>{t("owners")}</legend>
          {OWNERS.map((one) => <label key={one} class="check"><input type="radio" name="owner" checked={one === owner} onChange={() => setOwner(one)} />{t(`owner_${one}`)}</label>)}
        </fieldset>
      )}
      {rows.length === 0 && <p class="soft" role="status">{t("queueEmpty")}</p>}
      <ul role="list" onKeyDown={keys} onKeyUp={noSpace}>
        {rows.map((row) => (
          <li key={row.id}>
            <Tick row={row} rows={rows} tab={row.id === entry} onFocus={() => setFocused(row.id)} />
            <QueueCase row={row} rows={rows} tab={row.id === entry} onFocus={() => setFocused(row.id)} />
          </li>
        ))}
      </ul>
      {more && <button type="button" id="more" onClick={showMore}>{t("showMore")}</button>}
      <PickBar />
    </section>
  );
}

function QueueCase({ row, rows, tab, onFocus }: { row: QueueRow; rows: QueueRow[]; tab: boolean; onFocus: () => void }) {
  const known = names.value;
  const definition = definitions.value.get(row.definition);
  const lateness = latenessOf(row.waiting, now.value);
  const area = (code: string): string => inLanguage(known?.areas.get(code)?.name, code);
  return (
    <button type="button" data-walk data-number={row.number} class={lateness} tabIndex={tab ? 0 : -1} aria-current={chosen.value === row.number ? "true" : undefined}
      onFocus={onFocus} onClick={(event) => clickRow(event, rows, row)}>
      <span class="number">{row.number}<Ticked row={row} /></span>
      <span class="what">{inLanguage(known?.categories.get(row.category)?.name, row.category)}</span>
      <span class="state"><span class={`mark ${phaseOf(row.state)}`} aria-hidden="true" />{inLanguage(nameIn(definition?.states, row.state), word(STATES, row.state))}</span>
      <span class="lateness"><span class="lamp" aria-hidden="true" />{t(`lateness_${lateness}`)}{row.waiting?.due_at && ` · ${leftText(row.waiting.due_at, now.value)}`}</span>
      <span class="where soft">{area(row.areas.district)} {area(row.areas.community)}</span>
      <span class="department soft">{row.department ? inLanguage(known?.departments.get(row.department)?.name, row.department) : "–"}</span>
      <span class="due soft">{row.waiting?.due_at ? t("due", { at: shortMoment(row.waiting.due_at) }) : ""}</span>
      {Object.keys(row.marks).length > 0 && <span class="badges"><Badges marks={row.marks} definition={definition} /></span>}
    </button>
  );
}
