// A sentence in which `code` is set as code.

import { html } from "../core/html.js";

export function Prose({ text }) {
  return (text || "").split("`").map((part, index) => (index % 2 ? html`<code key=${index}>${part}</code>` : part));
}
