// The attempts that have ended, and what each cost.

import { html } from "../core/html.js";
import { bytes, duration } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { Loaded } from "../parts/notice.js";
import { When } from "./times.js";

export function Attempts({ job }) {
  // Each of these changes when an attempt ends.
  const version = [job.status, job.attempt, job.crashes, job.interruptions].join();
  const found = useLoad(`/api/v1/jobs/${job.job_id}/attempts`, { version });
  return html`<section class="card">
    <h2>Attempts</h2>
    <${Loaded} from=${found}>${(attempts) => html`<${List} attempts=${attempts} />`}<//>
  </section>`;
}

function List({ attempts }) {
  if (!attempts.length) return html`<p class="muted">None has ended yet.</p>`;
  return html`<ol class="attempts">
    ${attempts.map((one) => html`<li key=${one.number}>
      <p><strong>${one.number}.</strong> ${one.exit_reason.replaceAll("_", " ")} after ${lastedWords(one)} <span class="muted">on ${one.host}</span></p>
      <p class="muted"><${When} moment=${one.started_at} />${costWords(one)}</p>
      ${one.error && html`<p class="attempt-error" title=${one.error}>${one.error}</p>`}
    </li>`)}
  </ol>`;
}

function lastedWords({ started_at, ended_at }) {
  return duration((Date.parse(ended_at) - Date.parse(started_at)) / 1000);
}

function costWords({ peak_memory, cpu_seconds }) {
  const parts = [];
  if (cpu_seconds !== null) parts.push(`${cpu_seconds.toFixed(1)} s of CPU`);
  if (peak_memory !== null) parts.push(bytes(peak_memory));
  return parts.map((part) => ` · ${part}`).join("");
}
