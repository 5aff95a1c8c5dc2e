// What a page says when it has nothing to show: why, and what to do.

import { html } from "../core/html.js";

export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

export function Trouble({ problem, again }) {
  const isPassing = problem.passing;
  return html`<div class="trouble" role="alert">
    <p>${problem.message}${isPassing ? " Trying again by itself." : ""}</p>
    ${again && !isPassing && html`<button type="button" onClick=${again}>Try again</button>`}
  </div>`;
}

export function Loading() {
  return html`<p class="loading" role="status">Loading …</p>`;
}

// `children(data)` once there is something, and until then why there is not.
export function Loaded({ from, children }) {
  if (from.data !== null) return children(from.data);
  return from.problem ? html`<${Trouble} problem=${from.problem} again=${from.again} />` : html`<${Loading} />`;
}
