// One job: where it stands, what came of it so far, and what can be done about it.

import { html, useEffect, useRef } from "../core/html.js";
import { announce } from "../core/announce.js";
import { count, words } from "../core/format.js";
import { useTitle } from "../core/router.js";
import { Connection } from "../parts/connection.js";
import { Icon } from "../parts/icons.js";
import { Empty, Loading } from "../parts/notice.js";
import { Progress } from "../parts/progress.js";
import { Status, hasEnded, wordOf } from "../parts/status.js";
import { Actions } from "./actions.js";
import { Attempts } from "./attempts.js";
import { Confusion } from "./confusion.js";
import { Curves } from "./curves.js";
import { Facts } from "./facts.js";
import { useLiveJob } from "./live.js";
import { Log } from "./log.js";
import { Outcome } from "./outcome.js";
import { Results } from "./results.js";
import { Elapsed, Left } from "./times.js";

export function JobPage({ id }) {
  const { job, metrics, lines, results, connection, problem, gone, again } = useLiveJob(id);
  useTitle(job ? `${words(job.job_type)}: ${wordOf(job.status)}` : "Job");
  useEnding(job);
  if (!job) return problem ? html`<${Refused} problem=${problem} />` : html`<${Loading} />`;
  return html`
    <${Back} />
    <div class="heading">
      <h1>${words(job.job_type)} <span class="id">${job.job_id.slice(0, 8)}</span></h1>
      <${Status} status=${job.status} />
      <${Connection} state=${connection} />
      <${Actions} job=${job} onMoved=${again} />
    </div>
    <${Standing} job=${job} />
    ${gone && html`<div class="trouble" role="alert"><p>${gone}: it was removed.</p></div>`}
    ${job.error && html`<div class="trouble" role="alert"><p>${job.error}</p></div>`}
    <div class="columns">
      <div class="main-column">
        <${Curves} metrics=${metrics} />
        <${Results} job=${job} known=${results} />
        <${Outcome} job=${job} />
        <${Confusion} result=${job.result} />
        <${Log} lines=${lines} isLive=${!hasEnded(job.status)} />
      </div>
      <div class="side-column">
        <${Facts} job=${job} />
        <${Attempts} job=${job} />
      </div>
    </div>
  `;
}

function Back() {
  return html`<p class="back"><a href="#/jobs"><${Icon} name="back" />Jobs</a></p>`;
}

function Standing({ job }) {
  return html`<section class="standing card" aria-label="Progress">
    <${Progress} value=${job.progress} status=${job.status} name="Progress" />
    <dl class="figures">
      <div class="wide"><dt>Now</dt><dd>${nowOf(job)}</dd></div>
      <div><dt>Left</dt><dd><${Left} job=${job} /></dd></div>
      <div><dt>Took</dt><dd><${Elapsed} job=${job} /></dd></div>
      <div><dt>Items</dt><dd>${itemsOf(job.counts)}</dd></div>
    </dl>
  </section>`;
}

function nowOf(job) {
  if (job.status === "pending") return job.waiting_for ? `waits for ${job.waiting_for}` : "waits for its turn";
  if (job.status === "running") return job.message || "has begun";
  return { completed: "done", failed: "failed", cancelled: "was cancelled" }[job.status];
}

function itemsOf({ total, succeeded, failed }) {
  if (total === null) return "–";
  const bad = failed ? `, ${count(failed)} failed` : "";
  return `${count(succeeded + failed)} of ${count(total)}${bad}`;
}

const REFUSALS = { 403: "This is somebody else's job.", 404: "There is no such job.", 410: "This job is gone." };

function Refused({ problem }) {
  return html`<${Back} /><${Empty} title=${REFUSALS[problem.status] || "This job cannot be shown."}>
    <p>${problem.message}</p>
    <p><a href="#/jobs">Go to your jobs</a></p>
  <//>`;
}

function useEnding(job) {
  const before = useRef(null);
  useEffect(() => {
    if (!job) return;
    const wasLive = before.current !== null && !hasEnded(before.current);
    if (wasLive && hasEnded(job.status)) announce(`${words(job.job_type)}: ${wordOf(job.status)}`);
    before.current = job.status;
  }, [job?.status]);
}
