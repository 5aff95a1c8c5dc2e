// Which page is shown: the part of the address after `#`, which never leaves the browser.

import { useEffect } from "./html.js";
import { Topic, useTopic } from "./topic.js";

const place = new Topic(read());
const tops = new Map(); // how far down a list was looked at when it was left
let listed = "#/jobs";

window.addEventListener("hashchange", ({ oldURL }) => {
  const hash = new URL(oldURL).hash || "#/jobs";
  if (place.value.steps.length < 2) tops.set(hash, scrollY);
  if (/^#\/jobs(\?|$)/.test(hash)) listed = hash;
  place.set(read());
});

// The jobs as they were last chosen, and how far down the page was left.
export const lastList = () => listed;
export const lastTop = () => tops.get(location.hash) ?? 0;

function read() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  const steps = path.split("/").filter(Boolean).map(decoded);
  return { steps, query: new URLSearchParams(query) };
}

function decoded(step) {
  try {
    return decodeURIComponent(step);
  } catch {
    return step; // no address of ours: what it asks for will not be found
  }
}

export const usePlace = () => useTopic(place);

export function go(address) {
  location.hash = address;
}

// Change what follows the `?`, without a new entry in the history.
export function refine(entries) {
  const query = new URLSearchParams(entries.filter(([, value]) => value));
  const path = place.value.steps.map(encodeURIComponent).join("/");
  history.replaceState(null, "", `#/${path}${query.size ? `?${query}` : ""}`);
  place.set(read());
}

export function useTitle(title) {
  useEffect(() => {
    document.title = title ? `${title} · Headway` : "Headway";
  }, [title]);
}
