// One job in the table.

import { html } from "../core/html.js";
import { measured } from "../core/measures.js";
import { amount, words } from "../core/format.js";
import { Progress } from "../parts/progress.js";
import { Status, hasEnded } from "../parts/status.js";
import { nowOf } from "./now.js";
import { Elapsed, Left, When } from "./times.js";

export function JobRow({ job }) {
  const short = job.job_id.slice(0, 8);
  return html`<tr role="row" class=${`job${hasEnded(job.status) ? " has-ended" : ""}`}>
    <th role="rowheader" scope="row" class="what">
      <a href=${`#/jobs/${job.job_id}`}>${words(job.job_type)} <span class="id">${short}</span></a>
      <span class="said">${saidOf(job)}</span>
    </th>
    <td role="cell" class="state"><${Status} status=${job.status} /></td>
    <td role="cell" class="how-far"><${HowFar} job=${job} name=${`${words(job.job_type)} ${short}`} /></td>
    <td role="cell" class="left" data-label="Left"><${Left} job=${job} /></td>
    <td role="cell" class="took" data-label="Took"><${Elapsed} job=${job} /></td>
    <td role="cell" class="owner" data-label="Who">${job.user_id}</td>
    <td role="cell" class="made" data-label="Created"><${When} moment=${job.created_at} /></td>
  </tr>`;
}

// A bar is for what moves; of a job that got stuck it is worth knowing where.
function HowFar({ job, name }) {
  if (!hasEnded(job.status)) return html`<${Progress} value=${job.progress} status=${job.status} name=${name} />`;
  return job.status !== "completed" && job.progress > 0 && html`<span class="muted">at ${Math.floor(job.progress)} %</span>`;
}

function saidOf(job) {
  if (job.status === "failed") return job.error;
  return (job.status === "completed" && broughtOf(job.result)) || nowOf(job);
}

// In a few words what came of a completed job.
function broughtOf(result) {
  if (typeof result?.accuracy === "number") return `accuracy ${measured("accuracy", result.accuracy)}`;
  const rows = result?.rows ?? result?.total;
  return typeof rows === "number" ? amount(rows, "row") : "";
}
