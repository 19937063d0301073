import { beforeEach, expect, it, vi } from "vitest";
import type { CaseEvent, Row } from "../console/cases";
import { AREAS, row } from "./rows";

vi.stubGlobal("location", { hash: "" });
vi.stubGlobal("sessionStorage", { getItem: () => null });
const asked: string[] = [];
const answers = new Map<string, Row>();
vi.stubGlobal("fetch", async (url: string) => {
  asked.push(url);
  const found = answers.get(url.split("/").at(-1) ?? "");
  if (url.includes("/cases?")) return Response.json({ items: [], next: null });
  return found ? Response.json(found) : Response.json({ detail: "not yours" }, { status: 404 });
});
const store = await import("../console/store");
const { hear, keep } = await import("../console/hearing");
const { NONE, ANY } = await import("../console/filters");

const event = (more: Partial<CaseEvent> = {}): CaseEvent => ({
  case: "a", number: "YZ202611250001", seq: 1, type: "wangge.case.opened.v1", at: "2026-11-25T01:00:00.000000Z",
  state: "dispatched", areas: AREAS, department: "431103-urban", category: "E0110", lon: 111.6, lat: 26.4, body: {}, ...more,
});
const shown = (): string[] => store.list.value.map((one) => `${one.id}:${one.state}`);
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200));

beforeEach(() => {
  asked.length = 0;
  answers.clear();
  store.list.value = [];
  store.spots.value = [];
  store.listMore.value = false;
  store.filters.value = NONE;
  store.claims.value = { role: "supervisor", scope: "431103", department: null, subject: "s" };
  store.box.value = { bounds: [111, 26, 112, 27], zoom: 15 };
});

it("shows many events at once, each case in its last state, in list and map", async () => {
  for (let n = 0; n < 50; n += 1) hear(event({ case: `c${n}`, number: `YZ2026112500${n + 10}` }));
  hear(event({ case: "c3", seq: 2, state: "handling" }));
  hear(event({ case: "c3", seq: 2, state: "handling" }));
  expect(shown()).toEqual([]);
  await settle();
  expect(shown()).toHaveLength(50);
  expect(shown()).toContain("c3:handling");
  expect(store.spots.value).toHaveLength(50);
  expect(asked.filter((url) => url.includes("/cases/"))).toEqual([]);
});

it("takes away what is over, what a filter leaves out, and what left the scope", async () => {
  store.list.value = [row({ id: "a" }), row({ id: "b" }), row({ id: "c" })];
  store.spots.value = store.list.value;
  const elsewhere = { ...AREAS, district: "431102", community: "431102001001" };
  hear(event({ case: "a", seq: 2, state: "voided" }));
  hear(event({ case: "b", seq: 2, areas: elsewhere }));
  await settle();
  expect(shown()).toEqual(["c:dispatched"]);
  expect(store.spots.value.map((one) => one.id)).toEqual(["c"]);
  store.filters.value = { ...NONE, state: ANY };
  hear(event({ case: "c", seq: 2, state: "closed" }));
  await settle();
  expect(shown()).toEqual(["c:closed"]);
});

it("reads a case of which it missed something, and drops one that it may not read", async () => {
  store.list.value = [row({ id: "a" }), row({ id: "b", number: "YZ202611250002" })];
  answers.set("a", row({ id: "a", seq: 7, state: "handled" }));
  hear(event({ case: "a", seq: 7, state: "handled" }));
  hear(event({ case: "b", number: "YZ202611250002", seq: 9 }));
  await settle();
  expect(shown()).toEqual(["a:handled"]);
  expect(asked.filter((url) => url.includes("/cases/"))).toEqual(["/api/v1/cases/a", "/api/v1/cases/b"]);
});

it("does not ask for cases that belong below what was read of the list", async () => {
  store.list.value = [row({ id: "z", number: "YZ202611250500", opened_at: "2026-11-25T09:00:00.000000Z" })];
  store.listMore.value = true;
  hear(event({ case: "old", number: "YZ202611250001", seq: 4 }));
  hear(event({ case: "older", number: "YZ202611250002" }));
  await settle();
  expect(shown()).toEqual(["z:dispatched"]);
  expect(asked.filter((url) => url.includes("/cases/"))).toEqual([]);
});

it("reads the list anew instead of asking for hundreds of cases", async () => {
  for (let n = 0; n < 200; n += 1) hear(event({ case: `c${n}`, number: `YZ20261125${1000 + n}`, seq: 5 }));
  await settle();
  expect(asked.some((url) => url.includes("/cases?"))).toBe(true);
  expect(asked.filter((url) => url.includes("/cases/")).length).toBeLessThan(70);
});

it("keeps a case that the handler's department assists in, and drops one that it let go of", () => {
  store.claims.value = { role: "handler", scope: "431103", department: "431103-green", subject: "h" };
  store.list.value = [row({ seq: 5 })];
  keep(row({ seq: 6, assistants: [{ department: "431103-green" }] }));
  expect(shown()).toEqual(["a:dispatched"]);
  keep(row({ seq: 7, assistants: [] }));
  expect(shown()).toEqual([]);
});

it("keeps the newer knowledge of a case that was acted on", () => {
  store.list.value = [row({ seq: 5, state: "handling" })];
  keep(row({ seq: 4 }));
  expect(shown()).toEqual(["a:handling"]);
  keep(row({ seq: 6, state: "handled" }));
  expect(shown()).toEqual(["a:handled"]);
});
