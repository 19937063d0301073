// Speaks to the service. The token lives in sessionStorage only, never in an address.

import type { Name } from "./texts";

const BASE = "/api/v1";
const KEY = "wangge-token";

export interface FieldError { field: string; reason: string }
export interface Change { seq: number; type: string; at: string; actor: string; state: string }
export interface Problem {
  detail?: string;
  errors?: FieldError[];
  changed?: Change[];
  possible?: string[];
  refusal?: Name;
  version?: number;
}

/** The answer for one case of several; `number` where it was done. */
export interface Answered { case: string; status: number; number?: string; problem?: Problem }

/** What the service answered instead of what was asked for. */
export class Refusal extends Error {
  constructor(readonly status: number, readonly problem: Problem) {
    super(problem.detail ?? String(status));
  }
}

export const token = {
  get: (): string | null => sessionStorage.getItem(KEY),
  set: (value: string): void => sessionStorage.setItem(KEY, value),
  clear: (): void => sessionStorage.removeItem(KEY),
};

export interface Claims { role: string; scope: string; department: string | null; subject: string }

/** What a token says of its bearer; null for what is no token. The service alone judges it. */
export function readClaims(value: string): Claims | null {
  try {
    const part = value.split(".")[1] ?? "";
    const bytes = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
    const said = JSON.parse(text) as Record<string, unknown>;
    if (typeof said["role"] !== "string" || typeof said["scope"] !== "string") return null;
    const department = typeof said["department"] === "string" ? said["department"] : null;
    return { role: said["role"], scope: said["scope"], department, subject: String(said["sub"]) };
  } catch {
    return null;
  }
}

export const bearer = (): Record<string, string> => ({ Authorization: `Bearer ${token.get() ?? ""}` });

/** A path of the service with what is asked; empty values are left out. */
export function path(base: string, asked: Record<string, string | number | null | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${base}?${text}` : base;
}

async function ask(where: string, options: RequestInit = {}): Promise<Response> {
  const headers = { ...bearer(), ...(options.headers as Record<string, string> | undefined) };
  const answer = await fetch(BASE + where, { ...options, headers });
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

export async function refusal(answer: Response): Promise<Refusal> {
  return new Refusal(answer.status, (await answer.json().catch(() => ({}))) as Problem);
}

export async function call<T>(where: string, options: RequestInit = {}): Promise<T> {
  return (await (await ask(where, options)).json()) as T;
}

export interface Page<T> { items: T[]; next: string | null }

/** All items of a listing. */
export async function all<T>(where: string): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    const page: Page<T> = await call(path(where, { limit: 500, after }));
    items.push(...page.items);
    after = page.next;
  } while (after);
  return items;
}

export const act = <T>(id: string, name: string, body: Record<string, unknown>): Promise<T> =>
  send(`/cases/${id}/actions/${name}`, body);

/** An action on several cases, each with its own answer. */
export const actTogether = (name: string, body: Record<string, unknown>): Promise<{ items: Answered[] }> => send(`/actions/${name}`, body);

/** Hands all cases that the caller took to another account; `more` says that there are yet others. */
export const handOver = (body: Record<string, unknown>): Promise<{ items: Answered[]; more: boolean }> => send("/desk/hand-over", body);

const send = <T>(where: string, body: Record<string, unknown>): Promise<T> =>
  call(where, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Sends one photo and answers its id. */
export async function sendPhoto(file: File): Promise<string> {
  const sent = await call<{ id: string }>("/photos", {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  });
  return sent.id;
}

export const photo = async (id: string, size: "thumb" | "full"): Promise<Blob> =>
  (await ask(path(`/photos/${id}`, { size }))).blob();

export const openFeed = (lastId: string | null, signal: AbortSignal): Promise<Response> =>
  ask("/feed", { signal, headers: lastId ? { "Last-Event-ID": lastId } : {} });
