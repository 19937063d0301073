import { expect, it } from "vitest";
import type { Deadline } from "../console/sheet";
import { layOut, momentCounted } from "../console/timeline";

const why = (zh: string) => ({ zh, en: zh });
const span = (from: string, to: string, counted: boolean) => ({
  from: `2026-11-${from}:00.000000Z`, to: `2026-11-${to}:00.000000Z`, counted, why: why(counted ? "工作时间" : "非工作时间"),
});
/** Eight hours over two days of the city: 09:00 to 12:00, a pause, 14:00 to 16:00, and 08:00 to 11:00. */
const CLOCK: Deadline = {
  stage: "handle", limit: "4 工作时", clock: "working_hours", started_at: "2026-11-25T06:00:00.000000Z",
  soon_at: "2026-11-26T01:24:00.000000Z", due_at: "2026-11-26T03:00:00.000000Z", stopped_at: null, provisional: false,
  extensions: 1, pauses: [{ from: "2026-11-25T04:00:00.000000Z", to: "2026-11-25T06:00:00.000000Z" }],
  breakdown: [
    span("25T01:00", "25T04:00", true), span("25T04:00", "25T06:00", false), span("25T06:00", "25T08:00", true),
    span("25T08:00", "26T00:00", false), span("26T00:00", "26T03:00", true),
  ],
};
const at = (time: string): number => Date.parse(`2026-11-${time}:00Z`);
const laid = (clock: Deadline, now: number) => {
  const line = layOut(clock, now);
  if (!line) throw new Error("no line");
  return line;
};

it("leaves no gap between the stretches and tells a pause from hours that nobody works", () => {
  const line = laid(CLOCK, at("25T02:00"));
  expect(line.pieces.map((one) => one.kind)).toEqual(["counted", "pause", "counted", "idle", "counted"]);
  expect(line.pieces[0]?.from).toBe(0);
  expect(line.pieces.at(-1)?.to).toBe(1);
  line.pieces.slice(1).forEach((one, n) => expect(one.from).toBe(line.pieces[n]?.to));
});

it("marks where the limit ended before it was extended, four fifths, the end, and now", () => {
  const line = laid(CLOCK, at("25T14:00"));
  expect(line.ticks.map((one) => [one.kind, one.n, new Date(one.moment).toISOString().slice(8, 16)])).toEqual([
    ["extended", 1, "25T07:00"], ["soon", 0, "26T01:24"], ["due", 0, "26T03:00"], ["now", 0, "25T14:00"],
  ]);
  expect(line.ticks.at(-1)?.at).toBeCloseTo(0.5);
  expect(momentCounted(CLOCK, 1)).toBe(at("26T03:00"));
});

it("shows the midnights of the city", () => {
  expect(laid(CLOCK, at("25T02:00")).days.map((one) => one.day)).toEqual([at("25T16:00")]);
  const long = { ...CLOCK, due_at: "2027-11-26T03:00:00.000000Z" };
  expect(laid(long, at("25T02:00")).days.length).toBeLessThanOrEqual(12);
});

it("grows to show how late it is, but no further than a quarter", () => {
  expect(laid(CLOCK, at("26T04:00")).to).toBe(at("26T04:00"));
  expect(laid(CLOCK, at("26T04:00")).nowBeyond).toBe(false);
  const late = laid(CLOCK, at("29T04:00"));
  expect(late.to).toBe(at("26T09:30"));
  expect([late.nowBeyond, late.ticks.at(-1)?.at]).toEqual([true, 1]);
});

it("ends where a clock stands, and lays out none that never ran", () => {
  const standing: Deadline = { ...CLOCK, due_at: null, soon_at: null, stopped_at: "2026-11-25T08:00:00.000000Z", breakdown: CLOCK.breakdown.slice(0, 3) };
  const line = laid(standing, at("29T04:00"));
  expect(line.to).toBe(at("25T08:00"));
  expect(line.ticks.map((one) => one.kind)).toEqual(["stopped"]);
  expect(layOut({ ...standing, breakdown: [], stopped_at: standing.started_at }, at("29T04:00"))).toBeNull();
});
