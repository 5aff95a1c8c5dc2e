// All data sets, or all models: each name once, with its newest version.

import { html } from "../core/html.js";
import { nextPage } from "../core/api.js";
import { count, percent } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { useTitle } from "../core/router.js";
import { When } from "../jobs/times.js";
import { Icon } from "../parts/icons.js";
import { Empty, Loaded } from "../parts/notice.js";
import { addressOf } from "./address.js";

const MOST = 1000;
const KINDS = {
  dataset: {
    title: "Data sets",
    empty: "Import a CSV file to have one.",
    make: ["#/new/import_csv", "Import a CSV"],
    columns: ["Name", "Version", "Rows", "Columns", "Owner", "Created"],
    cells: (one) => [numberOr(one.meta.rows), one.meta.columns ? count(one.meta.columns.length) : "–"],
  },
  model: {
    title: "Models",
    empty: "Train one on a data set.",
    make: ["#/new/train_model", "Train a model"],
    columns: ["Name", "Version", "Accuracy", "Aliases", "Owner", "Created"],
    cells: (one) => [shareOr(one.meta.metrics?.accuracy), one.aliases.join(", ") || "–"],
  },
};

const numberOr = (number) => (typeof number === "number" ? count(number) : "–");
const shareOr = (share) => (typeof share === "number" ? percent(share) : "–");

export default function CatalogPage({ kind }) {
  const { title, make } = KINDS[kind];
  useTitle(title);
  const found = useLoad(`/api/v1/${kind}s?limit=${MOST}`);
  return html`
    <div class="heading">
      <h1>${title}</h1>
      <a class="button primary" href=${make[0]}><${Icon} name="plus" />${make[1]}</a>
    </div>
    <${Loaded} from=${found}>${(all) => html`<${Table} kind=${kind} all=${all} isCut=${nextPage(found.headers) !== null} />`}<//>
  `;
}

function Table({ kind, all, isCut }) {
  const { title, empty, columns, cells } = KINDS[kind];
  const names = newest(all);
  if (!names.length) return html`<${Empty} title=${`There are no ${title.toLowerCase()} yet.`}><p>${empty}</p><//>`;
  return html`<div class="card scroll" tabindex="0" role="region" aria-label=${title}>
    <table class="numbers">
      <thead><tr>${columns.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${names.map((one) => html`<tr key=${one.id}>
        <th scope="row"><a href=${addressOf(kind, one.reference)}>${one.name}</a></th>
        <td>${one.version ?? "–"}</td>
        ${cells(one).map((cell, index) => html`<td key=${index}>${cell}</td>`)}
        <td>${one.bundled ? "comes with Headway" : one.owner}${one.shared && !one.bundled ? ", shared" : ""}</td>
        <td><${When} moment=${one.created_at} /></td>
      </tr>`)}</tbody>
    </table>
    ${isCut && html`<p class="hint">The newest ${count(MOST)} versions are shown; the API has them all.</p>`}
  </div>`;
}

// The list comes newest first, so the first of a name is its newest.
function newest(all) {
  const names = new Map();
  for (const one of all) {
    const whose = `${one.owner}:${one.name}`;
    if (!names.has(whose)) names.set(whose, one);
  }
  return [...names.values()];
}
