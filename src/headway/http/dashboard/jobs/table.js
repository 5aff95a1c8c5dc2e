// All jobs of the caller, newest first, as they move.

import { html, useEffect, useMemo, useRef, useState } from "../core/html.js";
import { announce } from "../core/announce.js";
import { words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { usePlace, useTitle } from "../core/router.js";
import { useTopic } from "../core/topic.js";
import { Connection } from "../parts/connection.js";
import { Icon } from "../parts/icons.js";
import { Empty, Loading, Trouble } from "../parts/notice.js";
import { hasEnded, wordOf } from "../parts/status.js";
import { Filters, choiceOf, fits } from "./filters.js";
import { KnownJobs } from "./known.js";
import { JobRow } from "./row.js";

const COLUMNS = ["Job", "Status", "Progress", "Left", "Took", "Who", "Created"];

export function JobsPage() {
  useTitle("Jobs");
  const { query } = usePlace();
  const choice = choiceOf(query);
  const known = useMemo(() => new KnownJobs(), []);
  const { list, connection, problem, older, loaded } = useTopic(known.state);
  const operations = useLoad("/api/v1/operations");
  useEffect(() => known.watch(choice), [choice.status, choice.kind]);
  useEndings(list);
  const kinds = (operations.data || []).map((one) => one.job_type);
  const shown = list.filter((job) => fits(job, choice));
  return html`
    <div class="heading">
      <h1>Jobs</h1>
      <${Connection} state=${connection} />
      <a class="button primary" href="#/new"><${Icon} name="plus" />New job</a>
    </div>
    <${Filters} choice=${choice} kinds=${kinds} />
    ${problem && !problem.passing && html`<${Trouble} problem=${problem} />`}
    ${loaded || list.length
      ? html`<${Table} jobs=${shown} hasFilter=${choice.status || choice.kind || choice.text} />`
      : html`<${Loading} />`}
    ${older && html`<${Older} known=${known} />`}
  `;
}

function Table({ jobs, hasFilter }) {
  const body = useRef(null);
  if (!jobs.length) return html`<${Nothing} hasFilter=${hasFilter} />`;
  return html`
    <table role="table" class="jobs" aria-label="Jobs" onKeyDown=${(event) => move(event, body.current)}>
      <thead role="rowgroup"><tr role="row">
        ${COLUMNS.map((name) => html`<th key=${name} role="columnheader" scope="col">${name}</th>`)}
      </tr></thead>
      <tbody role="rowgroup" ref=${body}>
        ${jobs.map((job) => html`<${JobRow} key=${job.job_id} job=${job} />`)}
      </tbody>
    </table>
    <p class="hint">Move with <kbd>↑</kbd> <kbd>↓</kbd>, open with <kbd>Enter</kbd>, search with <kbd>/</kbd>.</p>
  `;
}

function Nothing({ hasFilter }) {
  if (hasFilter) {
    return html`<${Empty} title="No job fits this choice.">
      <p><a href="#/jobs">Show all jobs</a></p>
    <//>`;
  }
  return html`<${Empty} title="You have no jobs yet.">
    <p>Train a model on the bundled sample, import a CSV of your own, or submit through the API.</p>
    <p><a class="button primary" href="#/new"><${Icon} name="plus" />New job</a></p>
  <//>`;
}

function Older({ known }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const load = async () => {
    setBusy(true);
    setProblem(await known.loadOlder().then(() => null, (error) => error));
    setBusy(false);
  };
  return html`<div class="more">
    <button type="button" disabled=${busy} onClick=${load}>Show older jobs</button>
    ${problem && html`<${Trouble} problem=${problem} />`}
  </div>`;
}

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

// From a job's link to that of the next or the one before.
function move(event, body) {
  const step = STEPS[event.key];
  const links = [...body.querySelectorAll("th a")];
  const at = links.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  links[Math.min(Math.max(at + step, 0), links.length - 1)].focus();
}

// Says which jobs have ended, to those who do not see it.
function useEndings(list) {
  const before = useRef(new Map());
  useEffect(() => {
    const ended = list.filter((job) => hasEnded(job.status) && isLive(before.current.get(job.job_id)));
    if (ended.length) announce(ended.map((job) => `${words(job.job_type)}: ${wordOf(job.status)}`).join(". "));
    before.current = new Map(list.map((job) => [job.job_id, job.status]));
  }, [list]);
}

const isLive = (status) => status !== undefined && !hasEnded(status);
