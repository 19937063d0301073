import { useState } from "preact/hooks";
import { call, Refusal } from "../../shared/api";
import { moment, t } from "../../shared/texts";
import { SOURCES, word } from "../../shared/words";
import { asked, mayAsk, peopleOf, PURPOSES, type Contact, type Contacts as Found, type Purpose } from "../contacts";
import type { SheetData } from "../sheet";
import { claims, refusedToken } from "../store";

/** Whom to call, once it is said why. What is shown is kept nowhere but here. */
export function Contacts({ sheet }: { sheet: SheetData }) {
  const [purpose, setPurpose] = useState<Purpose | "">("");
  const [reason, setReason] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [isMasked, setMasked] = useState(true);
  const [failure, setFailure] = useState("");
  if (!mayAsk(claims.value, sheet)) return null;
  const forget = (): void => setFound(null);
  const show = async (masked: boolean, after: string | null = null): Promise<void> => {
    const body = asked(purpose, reason, masked, after);
    if (body === null) return setFailure(t("contactsWhy"));
    try {
      const page = await call<Found>(`/cases/${sheet.id}/contacts`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
      });
      setFound(after && found ? { ...page, items: [...found.items, ...page.items] } : page);
      setMasked(masked);
      setFailure("");
    } catch (error) {
      if (refusedToken(error)) return;
      forget();
      setFailure(t("contactsFailed", { why: error instanceof Refusal ? error.message : t("unreachable") }));
    }
  };
  return (
    <details class="action" id="contacts">
      <summary>{t("contacts")}</summary>
      <form aria-label={t("contacts")} onSubmit={(event) => { event.preventDefault(); void show(true); }}>
        <p class="soft">{t("contactsNoted")}</p>
        <label>{t("purpose")}
          <select id="contacts-purpose" required value={purpose} onChange={(event) => { setPurpose(event.currentTarget.value as Purpose | ""); forget(); }}>
            <option value="">{t("choose")}</option>
            {PURPOSES.map((one) => <option key={one} value={one}>{t(`purpose_${one}`)}</option>)}
          </select>
        </label>
        <label>{t("reason")}
          <input id="contacts-reason" type="text" maxLength={500} required={purpose === "other"} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <button type="submit" class="strong">{t("contactsShow")}</button>
        {failure && <p class="late" role="alert">{failure}</p>}
        {found && (
          <div role="status">
            {found.items.length === 0 && <p class="soft">{t("nothing")}</p>}
            <ul role="list">{found.items.map((one) => <Line key={one.report} one={one} />)}</ul>
            {found.withheld > 0 && <p class="soft">{t("contactsWithheld", { n: found.withheld })}</p>}
            {isMasked && found.items.length > 0 && <button type="button" id="contacts-full" onClick={() => void show(false)}>{t("contactsFull")}</button>}
            {found.next && <button type="button" onClick={() => void show(isMasked, found.next)}>{t("showMore")}</button>}
          </div>
        )}
      </form>
    </details>
  );
}

function Line({ one }: { one: Contact }) {
  const people = peopleOf(one);
  return (
    <li>
      <span class="soft">{moment(one.received_at)} · {word(SOURCES, one.source)}{one.confidential && ` · ${t("confidential")}`}</span>
      {people.length === 0 && <div>{t("noContact")}</div>}
      {people.map((person, n) => (
        <div key={n}>{person.unreadable ? t("contactUnreadable") : [person.name, person.phone].filter(Boolean).join(" · ") || t("noContact")}</div>
      ))}
    </li>
  );
}
