// One job: where it stands, what came of it so far, and what can be done about it.

import { html, useEffect, useRef } from "../core/html.js";
import { announce } from "../core/announce.js";
import { count, words } from "../core/format.js";
import { lastList, useTitle } from "../core/router.js";
import { Connection } from "../parts/connection.js";
import { Icon } from "../parts/icons.js";
import { Later } from "../parts/later.js";
import { Empty, Loading, Trouble } from "../parts/notice.js";
import { Progress } from "../parts/progress.js";
import { Status, hasEnded, wordOf } from "../parts/status.js";
import { Actions } from "./actions.js";
import { Attempts } from "./attempts.js";
import { Curves } from "./curves.js";
import { Facts } from "./facts.js";
import { useLiveJob } from "./live.js";
import { Log } from "./log.js";
import { nowOf } from "./now.js";
import { Outcome } from "./outcome.js";
import { Results } from "./results.js";
import { Elapsed, Left, When } from "./times.js";

const confusion = () => import("./confusion.js");

export default function JobPage({ id }) {
  const { job, metrics, lines, results, connection, isReplay, refusal, problem, gone, again } = useLiveJob(id);
  useTitle(job ? `${words(job.job_type)}: ${wordOf(job.status)}` : "Job");
  useEnding(job);
  if (!job) return !problem ? html`<${Loading} />` : html`<${problem.passing ? Trouble : Refused} problem=${problem} />`;
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
    ${refusal && html`<${Trouble} problem=${refusal} word="Connect again" again=${again} />`}
    ${job.error && html`<${Failure} job=${job} />`}
    <div class="columns">
      <div class="main-column">
        <${Curves} metrics=${metrics} />
        <${Results} job=${job} known=${results} />
        <${Outcome} job=${job} />
        ${job.result?.confusion?.labels && html`<${Later} load=${confusion} confusion=${job.result.confusion} />`}
        <${Log} lines=${lines} isQuiet=${isReplay || hasEnded(job.status)} />
        ${!hasEnded(job.status) && !metrics.length && !lines.length && !results && html`<${Ahead} />`}
      </div>
      <div class="side-column">
        <${Facts} job=${job} />
        <${Attempts} job=${job} />
      </div>
    </div>
  `;
}

function Back() {
  return html`<p class="back"><a href=${lastList()}><${Icon} name="back" />Jobs</a></p>`;
}

// An alert for what is final; a job that goes on after an error is no emergency.
function Failure({ job }) {
  if (job.status === "failed") return html`<div class="trouble" role="alert"><p>${job.error}</p></div>`;
  return html`<p class="warning">The last attempt ended with: ${job.error}</p>`;
}

function Ahead() {
  return html`<${Empty} title="Nothing to show yet."><p>Curves, results and the log appear here as the job writes them.</p><//>`;
}

function Standing({ job }) {
  return html`<section class="standing card" aria-label="Progress">
    <${Progress} value=${job.progress} status=${job.status} name="Progress" />
    <dl class="figures">
      ${hasEnded(job.status)
        ? html`<div class="wide"><dt>Ended</dt><dd><${When} moment=${job.completed_at} /></dd></div>`
        : html`<div class="wide"><dt>Now</dt><dd>${nowOf(job)}</dd></div><div><dt>Left</dt><dd><${Left} job=${job} /></dd></div>`}
      ${job.started_at && html`<div><dt>Took</dt><dd><${Elapsed} job=${job} /></dd></div>`}
      ${job.counts.total !== null && html`<div><dt>Items</dt><dd>${itemsOf(job.counts)}</dd></div>`}
    </dl>
  </section>`;
}

function itemsOf({ total, succeeded, failed }) {
  const bad = failed ? `, ${count(failed)} failed` : "";
  return `${count(succeeded + failed)} of ${count(total)}${bad}`;
}

const REFUSALS = { 403: "This is somebody else's job.", 404: "There is no such job.", 410: "This job is gone." };

function Refused({ problem }) {
  const told = REFUSALS[problem.status];
  return html`<${Back} /><${Empty} level="h1" title=${told || "This job cannot be shown."}>
    ${!told && html`<p>${problem.message}</p>`}
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
