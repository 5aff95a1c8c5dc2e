// What a version was made from, as links.

import { html } from "../core/html.js";
import { addressOf } from "./address.js";

export function Sources({ sources }) {
  return sources.map(({ id, kind, reference }, index) => html`<span key=${id}>
    ${index > 0 && ", "}
    ${reference && (kind === "dataset" || kind === "model")
      ? html`<a href=${addressOf(kind, reference)}>${reference}</a>`
      : reference || "what somebody else keeps"}
  </span>`);
}
