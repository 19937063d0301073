import { beforeEach, expect, it, vi } from "vitest";

vi.stubGlobal("location", { hash: "" });
const store = await import("../console/store");
const { NONE } = await import("../console/filters");
const { clearOnMove, clearPicked, leaveOut, mayPick, picked, pickedFull, PICKED_MOST, stretch, together, turn, turnAll, turnTo } = await import("../console/picking");

const rows = (count: number) => Array.from({ length: count }, (_, n) => ({ id: `id-${n}`, number: `YZ${n}` }));
const some = rows(6);
const one = (n: number) => some[n] as (typeof some)[number];
const chosen = (): string => [...picked.value.keys()].map((id) => id.replace("id-", "")).sort((a, b) => Number(a) - Number(b)).join(" ");

beforeEach(clearPicked);

it("chooses a case, and leaves it out when it is turned again", () => {
  turn(one(1));
  turn(one(3));
  expect(chosen()).toBe("1 3");
  expect(picked.value.get("id-3")).toEqual({ id: "id-3", number: "YZ3" });
  turn(one(1));
  expect(chosen()).toBe("3");
});

it("chooses all from the one that was turned last, upwards or downwards", () => {
  turn(one(3));
  turnTo(some, one(5));
  expect(chosen()).toBe("3 4 5");
  turnTo(some, one(2));
  expect(chosen()).toBe("2 3 4 5");
  clearPicked();
  turnTo(some, one(4));
  expect(chosen()).toBe("4");
});

it("moves the end of a range with the keys, and lets go of what it leaves", () => {
  turn(one(5));
  turn(one(1));
  stretch(some, 1, 2);
  stretch(some, 2, 3);
  expect(chosen()).toBe("1 2 3 5");
  stretch(some, 3, 2);
  expect(chosen()).toBe("1 2 5");
  stretch(some, 2, 0);
  expect(chosen()).toBe("0 1 5");
});

it("begins a range where the focus is when nothing was turned before, or its row is gone", () => {
  stretch(some, -1, 0);
  expect(chosen()).toBe("0");
  clearPicked();
  turn({ id: "gone", number: "YZ9" });
  stretch(some, 3, 4);
  expect(chosen().split(" ").slice(-2)).toEqual(["3", "4"]);
});

it("chooses all that is shown and then none of it, and keeps what is not shown", () => {
  turn({ id: "id-99", number: "YZ99" });
  turnAll(some);
  expect(chosen()).toBe("0 1 2 3 4 5 99");
  turnAll(some);
  expect(chosen()).toBe("99");
});

it("never holds more than the service takes at once, and says so", () => {
  const many = rows(PICKED_MOST + 50);
  turnAll(many);
  expect(picked.value.size).toBe(PICKED_MOST);
  expect(pickedFull.value).toBe(false);
  turn({ id: "more", number: "YZ-more" });
  expect([picked.value.size, picked.value.has("more"), pickedFull.value]).toEqual([PICKED_MOST, false, true]);
  leaveOut(["id-0"]);
  expect(pickedFull.value).toBe(false);
  turn({ id: "more", number: "YZ-more" });
  expect(picked.value.has("more")).toBe(true);
});

it("forgets the selection when another list is looked at, and only then", () => {
  clearOnMove();
  turn(one(1));
  together.value = true;
  store.list.value = [];
  store.where.value = { ...store.where.value, year: "2026" };
  expect(chosen()).toBe("1");
  store.where.value = { page: "queues", of: "x", year: "" };
  expect([chosen(), together.value]).toEqual(["", false]);
  turn(one(1));
  store.filters.value = { ...NONE, late: "late" };
  expect(chosen()).toBe("");
});

it("is offered to those who can act on cases", () => {
  const may = (role: string): boolean => mayPick({ role, scope: "431100", department: null, subject: "me" });
  expect(["member", "acceptor", "dispatcher", "handler", "supervisor"].every(may)).toBe(true);
  expect(["auditor", "admin", "reporter", "gateway"].some(may)).toBe(false);
  expect(mayPick(null)).toBe(false);
});
