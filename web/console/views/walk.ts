// A list that the keyboard walks: one stop for Tab, arrows within.

/** The index that a key leads to in a list of `count`; null for a key that leads nowhere. */
export function stepTo(key: string, index: number, count: number, page = 10): number | null {
  const steps: Record<string, number> = {
    ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0, End: count - 1,
  };
  const next = steps[key];
  return next === undefined || count === 0 ? null : Math.max(0, Math.min(count - 1, next));
}

/** Moves the focus among the elements marked `data-walk` of the list that heard a key. */
export function walk(event: KeyboardEvent): void {
  const stops = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[data-walk]")];
  const next = stepTo(event.key, stops.findIndex((one) => one === document.activeElement || (one.closest("li")?.contains(document.activeElement) ?? false)), stops.length);
  if (next === null) return;
  event.preventDefault();
  stops[next]?.focus();
}
