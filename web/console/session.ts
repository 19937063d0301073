// Signing in, following the feed, and signing out when the service says so.

import { effect, untracked } from "@preact/signals";
import { Refusal, token } from "../shared/api";
import { live, pause, type FeedEvent } from "../shared/feed";
import { t } from "../shared/texts";
import type { CaseEvent } from "./cases";
import { takeToken } from "./filters";
import { forgetHeard, hear } from "./hearing";
import { forget, forgetCases, loadList, loadMap, loadNames, refreshMap } from "./loading";
import * as store from "./store";

let stop: AbortController | null = null;

/** Takes a token from the address's fragment, and takes it out of there at once. */
export function takeGivenToken(): void {
  const { token: found, rest } = takeToken(location.hash);
  if (found === null) return;
  history.replaceState(null, "", location.pathname + rest);
  token.set(found);
}

export async function signIn(): Promise<void> {
  try {
    await loadNames();
  } catch (error) {
    const refused = error instanceof Refusal && error.status === 401;
    signOut(refused ? t("badToken") : error instanceof Refusal ? error.message : t("unreachable"), refused);
    return;
  }
  store.signInNote.value = "";
  stop = new AbortController();
  void follow(stop.signal);
}

/** Ends the session; the token is forgotten unless only the network failed. */
export function signOut(note = "", forgetToken = true): void {
  stop?.abort();
  stop = null;
  const kept = token.get();
  forgetHeard();
  forget();
  if (!forgetToken && kept) token.set(kept);
  store.signInNote.value = note;
}

store.whenRefused(() => signOut(t("expired")));

async function follow(signal: AbortSignal): Promise<void> {
  const ending = reloadOnChange();
  signal.addEventListener("abort", ending);
  try {
    await live(signal, {
      state: (state) => (store.liveState.value = state),
      heard: (event: FeedEvent) => hear(JSON.parse(event.data) as CaseEvent),
      opened: (resumed) => {
        if (!resumed) void reload();
        else if (store.listState.value !== "ready") void loadList(true);
      },
      reset: () => {
        forgetHeard();
        forgetCases();
        if (store.chosen.value) store.sheetTick.value += 1;
        void reload();
      },
    });
  } catch (error) {
    if (store.refusedToken(error)) return;
    void loadList();
    refreshMap(true);
    await poll(signal);
  }
}

async function reload(): Promise<void> {
  store.anyTick.value += 1;
  refreshMap(true);
  await loadList();
}

/** For roles without a feed. */
async function poll(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    store.liveState.value = navigator.onLine ? "polling" : "offline";
    await pause(5000, signal);
    if (signal.aborted || !store.names.value) return;
    store.anyTick.value += 1;
    await Promise.all([loadList(true), loadMap()]);
    if (store.chosen.value) store.sheetTick.value += 1;
    if (store.listState.value === "failed") store.liveState.value = "offline";
  }
}

/** Reads list and map again when the filters or the view change. Answers how to end that. */
function reloadOnChange(): () => void {
  let filters = store.filters.value;
  let box = store.box.value;
  return effect(() => {
    const nowFilters = store.filters.value;
    const nowBox = store.box.value;
    const filtered = nowFilters !== filters;
    const moved = nowBox !== box;
    [filters, box] = [nowFilters, nowBox];
    untracked(() => {
      if (filtered || moved) refreshMap(true);
      if (filtered) void loadList();
      else if (moved && nowFilters.view) void loadList(true);
    });
  });
}
