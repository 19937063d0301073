import { describe, expect, it } from "vitest";
import { apply, isBefore, isLate, newer, order, type CaseEvent, type Row } from "../console/cases";
import { AREAS, row } from "./rows";

const event = (more: Partial<CaseEvent> = {}): CaseEvent => ({
  case: "a", number: "YZ202611250001", seq: 2, type: "wangge.case.started.v1", at: "2026-11-25T02:00:00.000000Z",
  state: "handling", areas: AREAS, department: "431103-urban", category: "E0110", lon: 111.6, lat: 26.4,
  body: {}, ...more,
});

describe("apply", () => {
  it("makes a case from its first event, opened when that happened", () => {
    const clock = { due_at: "2026-11-25T06:00:00.000000Z", stopped_at: null };
    const found = apply(undefined, event({ seq: 1, state: "dispatched", body: { deadlines: [clock] } }));
    expect(found).toEqual(row({ opened_at: "2026-11-25T02:00:00.000000Z", due_at: clock.due_at }));
  });

  it("drops what is known and asks anew where something is missing", () => {
    expect(apply(row({ seq: 5 }), event({ seq: 5 }))).toBe("stale");
    expect(apply(row({ seq: 5 }), event({ seq: 1 }))).toBe("stale");
    expect(apply(row({ seq: 5 }), event({ seq: 7 }))).toBe("unknown");
    expect(apply(undefined, event({ seq: 2 }))).toBe("unknown");
  });

  it("gives the same row for a history with repeats as for the history", () => {
    const story = [event({ seq: 1, state: "dispatched" }), event({ seq: 2 }), event({ seq: 3, state: "handled" })];
    const run = (events: CaseEvent[]) => events.reduce<Row | undefined>((at, e) => {
      const found = apply(at, e);
      return typeof found === "string" ? at : found;
    }, undefined);
    const [first, second, third] = story as [CaseEvent, CaseEvent, CaseEvent];
    expect(run([first, first, second, first, second, third, second])).toEqual(run(story));
  });

  it("keeps the moment due unless clocks moved, and has none when the last one stopped", () => {
    const before = row();
    expect(apply(before, event())).toMatchObject({ due_at: before.due_at });
    const stopped = { due_at: null, stopped_at: "2026-11-25T02:00:00.000000Z" };
    const next = { due_at: "2026-11-25T09:00:00.000000Z", stopped_at: null };
    expect(apply(before, event({ body: { deadlines: [stopped] } }))).toMatchObject({ due_at: null });
    expect(apply(before, event({ body: { deadlines: [stopped, next] } }))).toMatchObject({ due_at: next.due_at });
  });

  it("closes a case when its state is a final one", () => {
    expect(apply(row(), event({ state: "voided" }))).toMatchObject({ closed_at: event().at });
    expect(apply(row(), event())).toMatchObject({ closed_at: null });
  });
});

it("is late from its moment on while it is open", () => {
  const due = Date.parse("2026-11-25T05:00:00Z");
  expect(isLate(row(), due)).toBe(false);
  expect(isLate(row(), due + 1)).toBe(true);
  expect(isLate(row({ closed_at: "2026-11-25T09:00:00Z" }), due + 1)).toBe(false);
  expect(isLate(row({ due_at: null }), due + 1)).toBe(false);
});

it("orders as the service lists: newest first, then by id from above", () => {
  const later = row({ id: "b", opened_at: "2026-11-25T01:00:00.000001Z" });
  expect([row(), row({ id: "c" }), later].sort(order).map((one) => one.id)).toEqual(["b", "c", "a"]);
});

it("lets the newer knowledge win, whichever came first", () => {
  expect(newer(row({ seq: 3 }), row({ seq: 2 })).seq).toBe(3);
  expect(newer(row({ seq: 2 }), row({ seq: 3 })).seq).toBe(3);
});

it("compares numbers by day, then by serial, however long that is", () => {
  expect(isBefore("YZ202611250009", "YZ202611260001")).toBe(true);
  expect(isBefore("YZ202611259999", "YZ2026112510000")).toBe(true);
  expect(isBefore("YZ2026112510000", "YZ202611259999")).toBe(false);
  expect(isBefore("T1", "YZ202611259999")).toBe(false);
});
