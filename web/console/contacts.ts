// Whom to call about a case: who may ask, and what is asked.

import type { Claims } from "../shared/api";
import type { Row } from "./cases";

export const PURPOSES = ["call_back", "verify", "dispute", "other"] as const;
export type Purpose = (typeof PURPOSES)[number];
export interface Person { name: string | null; phone: string | null; unreadable?: boolean }
export interface Contact {
  report: string; received_at: string; source: string; confidential: boolean; caller: Person | null; contact: Person | null; call: "caller" | "contact" | null;
}
export interface Contacts { items: Contact[]; next: string | null; withheld: number }

/** Acceptors, and a department while it holds the open case; the service judges it again. */
export function mayAsk(who: Claims | null, row: Row): boolean {
  if (who?.role === "acceptor") return true;
  return who?.role === "handler" && !row.closed_at && row.department !== null && row.department === who.department;
}

/** What is sent; null while it is not yet said why. */
export function asked(purpose: Purpose | "", reason: string, masked: boolean, after: string | null = null): Record<string, unknown> | null {
  const words = reason.trim();
  if (purpose === "" || (purpose === "other" && words === "")) return null;
  return { purpose, masked, ...(words && { reason: words }), ...(after && { after }) };
}

/** Whom to call first, and the other one, if there is one. */
export const peopleOf = (one: Contact): Person[] =>
  [one.caller, one.contact].filter((person): person is Person => person !== null);
