// What a job made and what it was made from, as links.

import { html } from "../core/html.js";
import { addressOf, pathOf } from "../catalog/address.js";
import { Sources } from "../catalog/sources.js";
import { useLoad } from "../core/load.js";

const KINDS = [["model", "model_id"], ["dataset", "dataset_id"]];

export function Made({ result }) {
  const kind = KINDS.find(([, name]) => typeof result?.[name] === "string");
  const found = useLoad(kind ? pathOf(kind[0], result[kind[1]]) : null);
  if (!found.data) return null;
  const { reference, made_from: sources } = found.data;
  return html`<p class="made-from">
    ${kind[0] === "model" ? "Model" : "Data set"} <a href=${addressOf(kind[0], reference)}>${reference}</a>
    ${sources.length > 0 && html`<span>, made from <${Sources} sources=${sources} /></span>`}
  </p>`;
}
