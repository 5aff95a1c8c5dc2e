// From page to page of what is too long to be shown at once.

import { count } from "../core/format.js";
import { html } from "../core/html.js";

export function Turner({ first, size, total, turn }) {
  if (total <= size) return null;
  return html`<div class="turner">
    <button type="button" disabled=${first === 0} onClick=${() => turn(Math.max(0, first - size))}>Previous</button>
    <span class="muted">${count(first + 1)}–${count(Math.min(total, first + size))} of ${count(total)}</span>
    <button type="button" disabled=${first + size >= total} onClick=${() => turn(first + size)}>Next</button>
  </div>`;
}
