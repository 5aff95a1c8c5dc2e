// Who works, on what, and how long the queues are.

import { html } from "../core/html.js";
import { count, duration, words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { useTitle } from "../core/router.js";
import { When } from "../jobs/times.js";
import { Connection } from "../parts/connection.js";
import { Empty, Loading, Trouble } from "../parts/notice.js";
import { Throughput } from "./throughput.js";

const EVERY = 2_000;

export default function WorkersPage() {
  useTitle("Workers");
  const queue = useLoad("/api/v1/queue", { every: EVERY });
  const workers = useLoad("/api/v1/workers", { every: EVERY });
  const problem = queue.problem || workers.problem;
  const isThere = queue.data && workers.data;
  const state = problem ? "waiting" : isThere ? "live" : "connecting";
  return html`
    <div class="heading"><h1>Workers</h1><${Connection} state=${state} /></div>
    ${problem && html`<${Trouble} problem=${problem} since=${queue.headers?.get("Date")} />`}
    ${isThere && html`<${Standing} queue=${queue.data} workers=${workers.data} />`}
    ${!isThere && !problem && html`<${Loading} />`}
  `;
}

function Standing({ queue, workers }) {
  return html`<div class="stack">
    <${Depth} queue=${queue} />
    <${Throughput} minutes=${queue.minutes} />
    <${Workers} workers=${workers} />
    <${Operations} queue=${queue} />
  </div>`;
}

function Depth({ queue }) {
  const { waiting, delayed, running, oldest_waiting_seconds: oldest, counted_up_to: most } = queue;
  const ended = queue.minutes.slice(-6, -1).reduce((sum, one) => sum + one.completed + one.failed + one.cancelled, 0);
  const figures = [
    ["Running", count(running)],
    ["Waiting", upTo(waiting, most)],
    ["Longest wait", oldest === null ? "–" : duration(oldest)],
    ["Not due yet", upTo(delayed, most)],
    ["Ended per minute", (ended / 5).toFixed(ended < 50 ? 1 : 0)],
  ];
  return html`<section class="card" aria-label="Queue">
    <dl class="figures">${figures.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
  </section>`;
}

const upTo = (number, most) => (number >= most ? `${count(most)} or more` : count(number));

function Workers({ workers }) {
  if (!workers.length) {
    return html`<${Empty} title="No worker is alive."><p>Jobs wait until one is: start <code>headway work</code>, or the service with a worker of its own.</p><//>`;
  }
  return html`<section class="card">
    <h2 id="alive">Alive <span class="muted">${count(workers.length)}</span></h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="alive"><table class="numbers">
      <thead><tr>${["Worker", "Last sign of life", "Runs", "Slots", "Your jobs", "Since"].map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${workers.map((one) => html`<tr key=${one.worker_id}>
        <th scope="row">${one.host} <span class="muted">process ${one.pid}</span></th>
        <td>${one.heartbeat_age_seconds.toFixed(1)} s ago</td>
        <td>${count(one.running)}</td>
        <td>${one.slots} <span class="muted">and ${one.async_slots} async</span></td>
        <td>${one.job_ids.length ? one.job_ids.slice(0, 8).map((id) => html`<a key=${id} class="id" href=${`#/jobs/${id}`}>${id.slice(0, 8)}</a> `) : "–"}</td>
        <td><${When} moment=${one.started_at} /></td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}

function Operations({ queue }) {
  const rows = rowsOf(queue);
  const { paused } = queue;
  if (!rows.length) return null;
  const columns = ["Operation", "Running", "Waiting", "Not due yet", "Completed", "Failed", "Cancelled", "Mean time"];
  return html`<section class="card">
    <h2 id="operations">Operations <span class="muted">ended in the last hour, mean time of those completed</span></h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="operations"><table class="numbers">
      <thead><tr>${columns.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.job_type}>
        <th scope="row">${words(row.job_type)}${paused.includes(row.job_type) && html` <span class="muted">paused</span>`}</th>
        ${["running", "waiting", "delayed", "completed", "failed", "cancelled"].map((name) => html`<td key=${name}>${count(row[name] || 0)}</td>`)}
        <td>${typeof row.mean_seconds === "number" ? duration(row.mean_seconds) : "–"}</td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}

function rowsOf({ operations, last_hour: ended, paused }) {
  const rows = new Map();
  for (const one of [...paused.map((name) => ({ job_type: name })), ...operations, ...ended]) rows.set(one.job_type, { ...rows.get(one.job_type), ...one });
  return [...rows.values()].sort((one, other) => one.job_type.localeCompare(other.job_type));
}
