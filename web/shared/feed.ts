// The live feed: reading Server-Sent Events, and staying connected.

import { openFeed, Refusal } from "./api";

export interface FeedEvent { event: string; id: string | null; data: string }
export type LiveState = "catching" | "live" | "offline" | "polling";

/** Reads Server-Sent Events from text that comes in pieces, wherever it is cut. */
export class EventParser {
  private rest = "";
  private event = "";
  private id: string | null = null;
  private data: string[] = [];

  push(text: string): FeedEvent[] {
    const found: FeedEvent[] = [];
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") this.end(found);
      else this.take(line);
    }
    return found;
  }

  private take(line: string): void {
    const cut = line.indexOf(":");
    if (cut === 0) return;
    const name = cut < 0 ? line : line.slice(0, cut);
    const value = cut < 0 ? "" : line.slice(cut + 1).replace(/^ /, "");
    if (name === "event") this.event = value;
    else if (name === "id") this.id = value;
    else if (name === "data") this.data.push(value);
  }

  private end(found: FeedEvent[]): void {
    if (this.event || this.data.length) {
      found.push({ event: this.event || "message", id: this.id, data: this.data.join("\n") });
    }
    this.event = "";
    this.id = null;
    this.data = [];
  }
}

/** Milliseconds to wait before the n-th attempt to connect again (1, 2, …). */
export const patience = (attempt: number): number => Math.min(1000 * 2 ** (attempt - 1), 10_000);

// The service sends a sign of life every 15 s.
const SILENCE_MS = 40_000;

export interface Listener {
  state(state: LiveState): void;
  heard(event: FeedEvent): void;
  /** The stream is open; `resumed` when it goes on behind the last position. */
  opened(resumed: boolean): void;
  /** Positions are of no use any more: everything must be loaded anew. */
  reset(): void;
}

/** What the feed is told to do next, kept apart from the network so that it can be tested. */
export class Follower {
  position: string | null = null;
  private epoch: number | null = null;

  constructor(private readonly listener: Listener) {}

  hear(event: FeedEvent, resumed: boolean): void {
    if (event.event === "hello") {
      const epoch = (JSON.parse(event.data) as { epoch: number }).epoch;
      const restored = this.epoch !== null && this.epoch !== epoch;
      this.epoch = epoch;
      this.listener.opened(resumed && !restored);
      if (restored) this.listener.reset();
      this.listener.state("live");
    } else if (event.event === "reset") {
      this.epoch = null;
      this.listener.reset();
      this.listener.state("live");
    } else {
      this.listener.heard(event);
    }
    if (event.id !== null) this.position = event.id;
  }
}

/** Follows the feed until aborted; throws the Refusal that no waiting will mend (401, 403). */
export async function live(signal: AbortSignal, listener: Listener): Promise<void> {
  const follower = new Follower(listener);
  let attempt = 0;
  while (!signal.aborted) {
    listener.state(navigator.onLine ? "catching" : "offline");
    try {
      await read(signal, follower, () => (attempt = 0));
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && (error.status === 401 || error.status === 403)) throw error;
    }
    if (signal.aborted) return;
    listener.state("offline");
    attempt += 1;
    await pause(patience(attempt), signal);
  }
}

async function read(signal: AbortSignal, follower: Follower, connected: () => void): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  let silence = setTimeout(end, SILENCE_MS);
  signal.addEventListener("abort", end);
  window.addEventListener("offline", end);
  try {
    const resumed = follower.position !== null;
    const answer = await openFeed(follower.position, stop.signal);
    if (!answer.body) return;
    connected();
    const parser = new EventParser();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      for (const event of parser.push(value)) follower.hear(event, resumed);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", end);
    window.removeEventListener("offline", end);
    stop.abort();
  }
}

/** Waits; ends early when the network is back or the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    window.addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}
