// What came of a job: its figures, and the way to what it made.

import { html } from "../core/html.js";
import { Made } from "./made.js";
import { amount, count, figure, percent, words } from "../core/format.js";
import { measured } from "../core/measures.js";

const MOST_ROWS = 50;
const ELSEWHERE = new Set(["confusion", "curve", "dataset_id", "model_id", "predictions", "sha256"]); // shown by parts of their own

export function Outcome({ job }) {
  const { result } = job;
  if (result === null || result === undefined) return null;
  if (typeof result !== "object" || Array.isArray(result)) return html`<${Raw} result=${result} />`;
  const entries = Object.entries(result).filter(([name, value]) => isPlain(value) && !ELSEWHERE.has(name));
  return html`<section class="card">
    <h2>Result</h2>
    <${Made} result=${result} />
    <dl class="figures outcome">
      ${entries.map(([name, value]) => html`<div key=${name}><dt>${words(name)}</dt><dd>${valueOf(name, value)}</dd></div>`)}
    </dl>
    <${Warnings} warnings=${result.warnings} />
    <${PerClass} rows=${result.per_class} />
    ${Object.entries(result).filter(isTable).map(([name, rows]) => html`<${Rows} key=${name} name=${name} rows=${rows} />`)}
    <${RowErrors} errors=${result.row_errors} />
    <details><summary>The whole result as JSON</summary><${Text} value=${result} /></details>
  </section>`;
}

const isPlain = (value) => value !== null && typeof value !== "object";

function valueOf(name, value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return html`<span class="text-value">${value}</span>`;
  return measured(name, value);
}

function Raw({ result }) {
  return html`<section class="card"><h2>Result</h2><${Text} value=${result} /></section>`;
}

function Text({ value }) {
  return html`<pre class="json" tabindex="0">${shortened(JSON.stringify(value, null, 2))}</pre>`;
}

const shortened = (text) => (text.length > 20_000 ? `${text.slice(0, 20_000)}\n… and more, through the API` : text);

function PerClass({ rows }) {
  if (!Array.isArray(rows) || !rows.length) return null;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Scores per class">
    <table class="numbers">
      <thead><tr>${["Class", "Precision", "Recall", "F1", "Rows"].map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.label}>
        <th scope="row">${row.label}</th>
        <td>${percent(row.precision)}</td><td>${percent(row.recall)}</td><td>${percent(row.f1)}</td>
        <td>${count(row.support)}</td>
      </tr>`)}</tbody>
    </table>
  </div>`;
}

function Warnings({ warnings }) {
  if (!Array.isArray(warnings)) return null;
  return warnings.map((warning) => html`<p class="warning" key=${warning}><strong>Warning:</strong> ${warning}</p>`);
}

const TOLD = new Set(["curve", "per_class", "predictions", "row_errors"]); // by parts of their own

function isTable([name, value]) {
  return !TOLD.has(name) && Array.isArray(value) && value.length > 0 && value.every((row) => row && typeof row === "object" && !Array.isArray(row));
}

function Rows({ name, rows }) {
  const names = Object.keys(rows[0]);
  return html`<details>
    <summary>${words(name)} (${count(rows.length)})</summary>
    <div class="scroll" tabindex="0" role="region" aria-label=${words(name)}><table class="numbers results">
      <thead><tr>${names.map((one) => html`<th scope="col" key=${one}>${words(one)}</th>`)}</tr></thead>
      <tbody>${rows.slice(0, MOST_ROWS).map((row, index) => html`<tr key=${index}>${names.map((one) => html`<td key=${one}>${cellOf(row[one])}</td>`)}</tr>`)}</tbody>
    </table></div>
  </details>`;
}

function cellOf(value) {
  if (typeof value === "number") return figure(value);
  return value !== null && typeof value === "object" ? JSON.stringify(value) : String(value ?? "–");
}

function RowErrors({ errors }) {
  if (!Array.isArray(errors) || !errors.length) return null;
  return html`<details open>
    <summary>${amount(errors.length, "broken row")}</summary>
    <ul class="row-errors">${errors.map((one) => html`<li key=${one.line}>line ${one.line}: ${one.reason}</li>`)}</ul>
  </details>`;
}
