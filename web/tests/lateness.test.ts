import { expect, it } from "vitest";
import { latenessOf, stretch, type Waiting } from "../console/lateness";

const clock: Waiting = {
  stage: "handle", limit: "4 工作时", clock: "working_hours", started_at: "2026-11-30T00:00:00.000000Z",
  soon_at: "2026-11-30T03:12:00.000000Z", due_at: "2026-11-30T04:00:00.000000Z",
};
const at = (time: string): number => Date.parse(`2026-11-30T${time}Z`);

it("turns yellow at four fifths of the limit and red when it is due, to the moment", () => {
  expect(latenessOf(clock, at("03:11:59.999"))).toBe("fine");
  expect(latenessOf(clock, at("03:12:00"))).toBe("soon");
  expect(latenessOf(clock, at("03:59:59.999"))).toBe("soon");
  expect(latenessOf(clock, at("04:00:00"))).toBe("late");
});

it("knows no lateness without a clock that runs", () => {
  expect(latenessOf(null, at("09:00:00"))).toBe("none");
  expect(latenessOf({ ...clock, due_at: null, soon_at: null }, at("09:00:00"))).toBe("none");
  expect(latenessOf({ ...clock, soon_at: null }, at("03:50:00"))).toBe("fine");
});

it("tells a stretch in whole minutes, whichever way it goes", () => {
  expect(stretch(at("00:00:00"), at("02:05:59"))).toEqual({ days: 0, hours: 2, minutes: 5 });
  expect(stretch(at("02:05:00"), at("00:00:00"))).toEqual({ days: 0, hours: 2, minutes: 5 });
  expect(stretch(0, 1560 * 60_000)).toEqual({ days: 1, hours: 2, minutes: 0 });
});
