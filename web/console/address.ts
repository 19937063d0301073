// The address says what is shown, and follows it.

import { effect } from "@preact/signals";
import { fromFragment, toFragment } from "./filters";
import { chosen, filters, place, where } from "./store";

let applying = false;

export function readAddress(): void {
  const { filters: found, chosen: id, place: at, where: page } = fromFragment(location.hash);
  applying = true;
  if (JSON.stringify(found) !== JSON.stringify(filters.value)) filters.value = found;
  chosen.value = id;
  if (JSON.stringify(page) !== JSON.stringify(where.value)) where.value = page;
  if (at) place.value = at;
  applying = false;
}

/** From now on the address says what is shown. Going back closes what was opened. */
export function keepAddress(): void {
  let before = chosen.value;
  let from = where.value.page;
  effect(() => {
    const text = toFragment({ filters: filters.value, chosen: chosen.value, place: place.value, where: where.value });
    const opened = (chosen.value !== before && chosen.value !== null) || where.value.page !== from;
    before = chosen.value;
    from = where.value.page;
    if (applying || text === location.hash) return;
    history[opened ? "pushState" : "replaceState"](null, "", text || location.pathname);
  });
  window.addEventListener("popstate", readAddress);
  window.addEventListener("hashchange", readAddress);
}
