// One job in the table.

import { html } from "../core/html.js";
import { count, percent, words } from "../core/format.js";
import { Progress } from "../parts/progress.js";
import { Status } from "../parts/status.js";
import { Elapsed, Left, When } from "./times.js";

export function JobRow({ job }) {
  const short = job.job_id.slice(0, 8);
  return html`<tr role="row" class="job">
    <th role="rowheader" scope="row" class="what">
      <a href=${`#/jobs/${job.job_id}`}>${words(job.job_type)} <span class="id">${short}</span></a>
      <span class="said">${saidOf(job)}</span>
    </th>
    <td role="cell" class="state"><${Status} status=${job.status} /></td>
    <td role="cell" class="how-far">
      <${Progress} value=${job.progress} status=${job.status} name=${`${words(job.job_type)} ${short}`} />
    </td>
    <td role="cell" class="left" data-label="Left"><${Left} job=${job} /></td>
    <td role="cell" class="took" data-label="Took"><${Elapsed} job=${job} /></td>
    <td role="cell" class="owner" data-label="Who">${job.user_id}</td>
    <td role="cell" class="made" data-label="Created"><${When} moment=${job.created_at} /></td>
  </tr>`;
}

function saidOf(job) {
  if (job.status === "failed") return job.error;
  if (job.status === "pending") return job.waiting_for ? `waits for ${job.waiting_for}` : "";
  return job.status === "running" ? job.message : broughtOf(job.result);
}

// In a few words what came of a completed job.
function broughtOf(result) {
  if (typeof result?.accuracy === "number") return `accuracy ${percent(result.accuracy)}`;
  const rows = result?.rows ?? result?.total;
  return typeof rows === "number" ? `${count(rows)} rows` : "";
}
