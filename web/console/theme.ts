// Light, dark, or as the system is.

import { computed, effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "wangge-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));

const kept = localStorage.getItem(KEY);
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");
export const dark = computed(() => (theme.value === "auto" ? systemDark.value : theme.value === "dark"));

export function nextTheme(): void {
  theme.value = theme.value === "auto" ? "dark" : theme.value === "dark" ? "light" : "auto";
  localStorage.setItem(KEY, theme.value);
}

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});
