// The caller's jobs as far as they are known, kept up to date by the stream of all of them.

import { call, nextPage } from "../core/api.js";
import { follow } from "../core/stream.js";
import { Topic } from "../core/topic.js";
import { hasEnded } from "../parts/status.js";

const CALM = 700; // between two lists: hundreds of jobs may end in a second
const AGAIN = 2_000;

export class KnownJobs {
  constructor() {
    this.jobs = new Map();
    this.state = new Topic({ list: [], connection: "connecting", problem: null, older: null, loaded: false });
  }

  // Begin to watch the jobs of this choice; call what comes back to stop.
  watch(choice) {
    const view = { choice, abort: new AbortController(), timer: null, frame: 0 };
    this.view = view;
    this.jobs.clear();
    this.change({ loaded: false, older: null });
    const stop = follow("/api/v1/jobs/stream", {
      onEvent: (event) => this.take(event),
      onState: (connection, problem = null) => this.change({ connection, problem }),
    });
    return () => {
      stop();
      view.abort.abort();
      clearTimeout(view.timer);
      cancelAnimationFrame(view.frame);
    };
  }

  // What an event says of a job goes into its row at once. What it does not say, such as when the
  // job began, and jobs that are new, come with the list.
  take({ event, data, id }) {
    if (event === "ready") {
      this.list(0);
      return;
    }
    const known = this.jobs.get(data.job_id);
    if (known) this.jobs.set(data.job_id, merged(known, event, data));
    if (!known || id !== null) this.list(CALM);
    if (known) this.draw();
  }

  list(wait) {
    this.view.timer ??= setTimeout(() => this.load(this.view), wait);
  }

  async load(view) {
    view.timer = null;
    const { signal } = view.abort;
    try {
      const { data, headers } = await call(addressOf(view.choice), { signal });
      this.keep(data);
      const older = this.state.value.loaded ? this.state.value.older : nextPage(headers);
      this.change({ problem: null, loaded: true, older });
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.passing) this.list(AGAIN);
      else this.change({ problem });
    }
  }

  async loadOlder() {
    const { data, headers } = await call(this.state.value.older, { signal: this.view.abort.signal });
    this.keep(data);
    this.change({ older: nextPage(headers) });
  }

  keep(jobs) {
    for (const job of jobs) this.jobs.set(job.job_id, job);
  }

  // Many events come in one piece; the table is drawn once for all of them.
  draw() {
    this.view.frame ||= requestAnimationFrame(() => {
      this.view.frame = 0;
      this.change({});
    });
  }

  change(parts) {
    const list = [...this.jobs.values()].sort(newestFirst);
    this.state.set({ ...this.state.value, ...parts, list });
  }
}

const TOLD = new Set(["update", "progress", "complete"]);

// A job that has ended stays so: what was said before it ended may arrive after the list.
function merged(known, event, data) {
  if (!TOLD.has(event)) return known;
  if (event === "progress" && hasEnded(known.status)) return known;
  return { ...known, ...data };
}

function newestFirst(one, other) {
  return Date.parse(other.created_at) - Date.parse(one.created_at);
}

function addressOf({ status, kind }) {
  const query = new URLSearchParams({ limit: "100" });
  if (status) query.append("status", status);
  if (kind) query.append("job_type", kind);
  return `/api/v1/jobs?${query}`;
}
