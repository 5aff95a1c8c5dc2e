// All jobs of the caller, newest first, as they move.

import { html, useEffect, useMemo, useRef, useState } from "../core/html.js";
import { announce } from "../core/announce.js";
import { count, words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { usePlace, useTitle } from "../core/router.js";
import { session } from "../core/session.js";
import { useTopic } from "../core/topic.js";
import { Connection } from "../parts/connection.js";
import { Icon } from "../parts/icons.js";
import { Empty, Loading, Trouble } from "../parts/notice.js";
import { hasEnded, wordOf } from "../parts/status.js";
import { Filters, choiceOf, fits } from "./filters.js";
import { KnownJobs } from "./known.js";
import { JobRow } from "./row.js";

const COLUMNS = ["Job", "Status", "Progress", "Left", "Took", "Who", "Created"];
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let kept = { who: null, known: null }; // so that one who comes back finds the table as he left it

function knownJobs() {
  const who = session.value?.username;
  if (kept.who !== who) kept = { who, known: new KnownJobs() };
  return kept.known;
}

export default function JobsPage() {
  useTitle("Jobs");
  const { query } = usePlace();
  const choice = choiceOf(query);
  const known = useMemo(knownJobs, []);
  const { list, connection, problem, refusal, older, loaded } = useTopic(known.state);
  const operations = useLoad("/api/v1/operations");
  useEffect(() => known.watch(choice), [choice.status, choice.kind]);
  useEffect(() => {
    if (ID.test(choice.text)) known.find(choice.text).catch(() => {}); // what is not found is not shown
  }, [choice.text]);
  useEndings(list);
  const kinds = (operations.data || []).map((one) => one.job_type);
  const isSought = (job) => fits(job, choice);
  const shown = list.filter(isSought);
  return html`
    <div class="heading">
      <h1>Jobs</h1>
      <${Connection} state=${connection} />
      <a class="button primary" href="#/new"><${Icon} name="plus" />New job</a>
    </div>
    <${Filters} choice=${choice} kinds=${kinds} />
    ${problem && html`<${Trouble} problem=${problem} again=${() => known.list(0)} />`}
    ${refusal && html`<${Trouble} problem=${refusal} word="Connect again" again=${() => known.follow()} />`}
    ${shown.length > 0 && html`<${Table} jobs=${shown} />`}
    ${!shown.length && (loaded ? html`<${Nothing} choice=${choice} looked=${older && list.length} />` : html`<${Loading} />`)}
    ${older && html`<${Older} known=${known} isSought=${!shown.length && isSought} />`}
  `;
}

function Table({ jobs }) {
  const body = useRef(null);
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

// `looked`: among how many jobs, if there are older ones.
function Nothing({ choice, looked }) {
  if (choice.status || choice.kind || choice.text) {
    return html`<${Empty} title=${looked ? `None of the newest ${count(looked)} jobs fits this choice.` : "No job fits this choice."}>
      <p><a href="#/jobs">Show all jobs</a></p>
    <//>`;
  }
  return html`<${Empty} title="You have no jobs yet.">
    <p>Train a model on the bundled sample, import a CSV of your own, or submit through the API.</p>
    <p><a class="button primary" href="#/new"><${Icon} name="plus" />New job</a></p>
  <//>`;
}

function Older({ known, isSought }) {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const load = async () => {
    setBusy(true);
    setProblem(await (isSought ? known.search(isSought) : known.loadOlder()).then(() => null, (error) => error));
    setBusy(false);
  };
  return html`<div class="more">
    <button type="button" disabled=${busy} onClick=${load}>${isSought ? "Search older jobs" : "Show older jobs"}</button>
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
