// Which page is shown: the part of the address after `#`, which never leaves the browser.

import { useEffect } from "./html.js";
import { Topic, useTopic } from "./topic.js";

const place = new Topic(read());
window.addEventListener("hashchange", () => place.set(read()));

function read() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  const steps = path.split("/").filter(Boolean).map(decodeURIComponent);
  return { steps, query: new URLSearchParams(query) };
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
