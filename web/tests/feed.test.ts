import { describe, expect, it } from "vitest";
import { EventParser, Follower, patience, type FeedEvent, type LiveState } from "../shared/feed";

const STREAM =
  "retry: 2000\nid: 1~a:0\nevent: hello\ndata: {\"epoch\":1}\n\n: alive\n\n" +
  "id: 1~a:1\nevent: wangge.case.opened.v1\ndata: {\"number\":\"案 1: x\"}\n\n" +
  "event: reset\r\ndata: one\r\ndata: two\r\n\r\n";
const EVENTS: FeedEvent[] = [
  { event: "hello", id: "1~a:0", data: '{"epoch":1}' },
  { event: "wangge.case.opened.v1", id: "1~a:1", data: '{"number":"案 1: x"}' },
  { event: "reset", id: null, data: "one\ntwo" },
];

describe("EventParser", () => {
  it("reads the same events wherever the stream is cut", () => {
    for (let size = 1; size <= STREAM.length; size += 1) {
      const parser = new EventParser();
      const found: FeedEvent[] = [];
      for (let at = 0; at < STREAM.length; at += size) found.push(...parser.push(STREAM.slice(at, at + size)));
      expect(found, `in pieces of ${size}`).toEqual(EVENTS);
    }
  });

  it("tells nothing of signs of life, and nothing of an event that has not ended", () => {
    const parser = new EventParser();
    expect(parser.push(": alive\n\n: alive\n\n")).toEqual([]);
    expect(parser.push("event: hello\ndata: {}\n")).toEqual([]);
    expect(parser.push("\n")).toHaveLength(1);
  });

  it("does not carry an id over to the next event", () => {
    const [, second] = new EventParser().push("id: 7\nevent: a\ndata: 1\n\nevent: b\ndata: 2\n\n");
    expect(second).toEqual({ event: "b", id: null, data: "2" });
  });
});

function follow(): { follower: Follower; told: string[] } {
  const told: string[] = [];
  const follower = new Follower({
    state: (state: LiveState) => told.push(state),
    heard: (event) => told.push(event.event),
    opened: (resumed) => told.push(resumed ? "resumed" : "opened"),
    reset: () => told.push("reset"),
  });
  return { follower, told };
}
const hello = (epoch: number, id: string | null = null): FeedEvent => ({ event: "hello", id, data: JSON.stringify({ epoch }) });

describe("Follower", () => {
  it("keeps the position of the last event, also past a hello that has none", () => {
    const { follower, told } = follow();
    follower.hear(hello(1, "1~a:5"), false);
    follower.hear({ event: "x", id: "1~a:6", data: "{}" }, false);
    follower.hear(hello(1), true);
    expect(follower.position).toBe("1~a:6");
    expect(told).toEqual(["opened", "live", "x", "resumed", "live"]);
  });

  it("loads everything anew under another epoch, and after a reset from its position", () => {
    const { follower, told } = follow();
    follower.hear(hello(1, "1~a:5"), false);
    follower.hear(hello(2, "2~a:0"), true);
    expect(told.slice(2)).toEqual(["opened", "reset", "live"]);
    told.length = 0;
    follower.hear({ event: "reset", id: "2~a:9", data: "{}" }, true);
    expect(told).toEqual(["reset", "live"]);
    expect(follower.position).toBe("2~a:9");
    follower.hear(hello(3), true);
    expect(told.slice(2)).toEqual(["resumed", "live"]);
  });
});

it("waits longer each time, but never more than ten seconds", () => {
  expect([1, 2, 3, 4, 5, 50].map(patience)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});
