// How far a job is.

import { html } from "../core/html.js";

export function Progress({ value, status, name }) {
  const shown = Math.round(value * 10) / 10;
  const text = `${Number.isInteger(shown) ? shown : shown.toFixed(1)} %`;
  return html`<span class="progress">
    <span
      class="bar is-${status}"
      role="progressbar"
      aria-label=${name}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${shown}
      aria-valuetext=${text}
    >
      <span class="fill" style=${{ width: `${Math.min(100, value)}%` }}></span>
    </span>
    <span class="percent" aria-hidden="true">${text}</span>
  </span>`;
}
