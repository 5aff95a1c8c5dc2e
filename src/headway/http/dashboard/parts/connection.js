// Whether what is shown is what is: a word in a corner, which moves nothing else.

import { html } from "../core/html.js";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  ended: "Ended",
  refused: "Not connected",
};

export function Connection({ state }) {
  return html`<span class="connection is-${state}" role="status">
    <span class="dot" aria-hidden="true"></span>${WORDS[state]}
  </span>`;
}
