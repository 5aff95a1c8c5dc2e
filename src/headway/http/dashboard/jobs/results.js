// The results of single items, page by page, also while more are coming.

import { html, useState } from "../core/html.js";
import { count, figure } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { Loaded } from "../parts/notice.js";
import { Turner } from "../parts/turner.js";
import { Downloads } from "./download.js";
import { hasEnded } from "../parts/status.js";

const PAGE = 25;

export function Results({ job, known }) {
  const there = Math.max(known, job.counts.succeeded + job.counts.failed);
  return there ? html`<${Pages} job=${job} there=${there} />` : null;
}

function Pages({ job, there }) {
  const [choice, choose] = useState({ onlyFailed: false, starts: [0] }); // the cursors of the pages up to this one
  const { onlyFailed, starts } = choice;
  const query = new URLSearchParams({ cursor: starts.at(-1), limit: PAGE });
  if (onlyFailed) query.append("status", "failed");
  // A full page stays as it is; one that is not yet full grows with the job.
  const isFull = !onlyFailed && there >= starts.at(-1) + PAGE;
  // Failed items may be tried again, also on a full page.
  const version = `${isFull ? "full" : there} ${hasEnded(job.status)} ${hasEnded(job.status) && job.counts.failed}`;
  const found = useLoad(`/api/v1/jobs/${job.job_id}/results?${query}`, { version });
  const first = PAGE * (starts.length - 1);
  const turn = (start) => choose({ onlyFailed, starts: start < first ? starts.slice(0, -1) : [...starts, found.data.next_cursor] });
  return html`<section class="card">
    <div class="card-heading">
      <h2 id="results">Results <span class="muted">${count(there)}${hasEnded(job.status) ? "" : " so far"}</span></h2>
      ${job.counts.failed > 0 && html`<label class="check">
        <input type="checkbox" checked=${onlyFailed} onChange=${(event) => choose({ onlyFailed: event.target.checked, starts: [0] })} />
        Only failed (${count(job.counts.failed)})
      </label>`}
      ${hasEnded(job.status) && html`<${Downloads} job=${job} />`}
    </div>
    <${Loaded} from=${found}>${(page) => html`
      <${Items} items=${page.items} />
      <${Turner} first=${first} size=${PAGE} total=${onlyFailed ? job.counts.failed : there} turn=${turn} />
    `}<//>
  </section>`;
}

function Items({ items }) {
  if (!items.length) return html`<p class="muted">No result of this kind yet.</p>`;
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))].filter((name) => name !== "index");
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="results">
    <table class="numbers results">
      <thead><tr><th scope="col">#</th>${names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${items.map((item) => html`<tr key=${item.index}>
        <th scope="row">${item.index}</th>
        ${names.map((name) => html`<td key=${name} class=${typeof item[name] === "number" ? "number" : ""}>${cellOf(item[name])}</td>`)}
      </tr>`)}</tbody>
    </table>
  </div>`;
}

function cellOf(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return figure(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
