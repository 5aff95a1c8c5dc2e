// What a page says when it has nothing to show: why, and what to do.

import { clock } from "../core/format.js";
import { html } from "../core/html.js";

// `level` is "h1" where this is all that the page has.
export function Empty({ title, level = "p", children }) {
  return html`<div class="empty"><${level} class="empty-title">${title}<//>${children}</div>`;
}

// `since` is when what stands below was true.
export function Trouble({ problem, again, word = "Try again", since }) {
  const isPassing = problem.passing;
  return html`<div class="trouble" role="alert">
    <p>${problem.message}${isPassing ? " Trying again by itself." : ""}${since && ` What is shown was so at ${clock(since)}.`}</p>
    ${again && !isPassing && html`<button type="button" onClick=${again}>${word}</button>`}
  </div>`;
}

export function Loading() {
  return html`<p class="loading" role="status">Loading …</p>`;
}

// `children(data)` once there is something, below what keeps it from being renewed; until then why
// there is nothing.
export function Loaded({ from, children }) {
  const { data, problem, again, headers } = from;
  if (!problem && data === null) return html`<${Loading} />`;
  return html`
    ${problem && html`<${Trouble} problem=${problem} again=${again} since=${headers?.get("Date")} />`}
    ${data !== null && children(data)}
  `;
}
