// Light, dark, or as the system has it: a choice that this browser remembers.

import { Topic } from "./topic.js";

const KEY = "headway.theme";
export const THEMES = ["auto", "light", "dark"];

export const theme = new Topic(kept());
const system = matchMedia("(prefers-color-scheme: dark)");
// Drawn things, which no style sheet reaches, watch this and draw anew.
export const shade = new Topic(system.matches);

function kept() {
  try {
    const found = localStorage.getItem(KEY);
    return THEMES.includes(found) ? found : "auto";
  } catch {
    return "auto";
  }
}

function apply() {
  document.documentElement.dataset.theme = theme.value;
  shade.set(theme.value === "auto" ? system.matches : theme.value === "dark");
}

export function chooseTheme(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Then it holds until the page is left.
  }
  theme.set(name);
  apply();
}

system.addEventListener("change", apply);
apply();
