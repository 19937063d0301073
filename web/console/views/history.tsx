import { useEffect, useState } from "preact/hooks";
import { call, path, Refusal, type Page } from "../../shared/api";
import { moment, t } from "../../shared/texts";
import { eventWord, STATES, word } from "../../shared/words";
import { refusedToken } from "../store";

interface Entry { seq: number; type: string; at: string; actor: string; hash: string; body: { state: string }; texts: Record<string, string> }
const PAGE = 200;

export function History({ id, seq, allowed }: { id: string; seq: number; allowed: boolean }) {
  const [entries, setEntries] = useState<Entry[]>([]);
  const [more, setMore] = useState(false);
  const [failure, setFailure] = useState("");
  const read = async (after: number): Promise<void> => {
    try {
      const page: Page<Entry> = await call(path(`/cases/${id}/events`, { after, limit: PAGE }));
      setEntries((before) => [...before.filter((one) => one.seq <= after), ...page.items]);
      setMore(page.next !== null);
      setFailure("");
    } catch (error) {
      if (!refusedToken(error)) setFailure(error instanceof Refusal ? error.message : t("listFailed"));
    }
  };
  useEffect(() => {
    if (allowed && !more) void read(entries.at(-1)?.seq ?? 0);
  }, [id, seq, allowed]);
  if (!allowed) return <p class="soft">{t("noHistory")}</p>;
  return (
    <>
      {failure && <p role="alert" class="late">{failure}</p>}
      <ol class="history">
        {entries.map((entry) => (
          <li key={entry.seq} value={entry.seq}>
            <strong>{eventWord(entry.type)}</strong> → {word(STATES, entry.body.state)}
            <div class="soft">{moment(entry.at)} · {t("who", { who: entry.actor })} · <code>{entry.hash.slice(0, 10)}</code></div>
            {Object.entries(entry.texts).map(([name, words]) => <blockquote key={name}>{words}</blockquote>)}
          </li>
        ))}
      </ol>
      {more && <button type="button" onClick={() => void read(entries.at(-1)?.seq ?? 0)}>{t("moreHistory")}</button>}
    </>
  );
}
