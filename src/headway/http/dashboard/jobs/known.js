// The caller's jobs as far as they are known, kept up to date while somebody looks.

import { call, nextPage } from "../core/api.js";
import { Topic } from "../core/topic.js";

const EVERY = 2_000;
const LONGEST_WAIT = 5_000;

export class KnownJobs {
  constructor() {
    this.jobs = new Map();
    this.state = new Topic({ list: [], connection: "connecting", problem: null, older: null, loaded: false });
    this.failures = 0;
  }

  // Begin to watch the jobs of this choice; call what comes back to stop.
  watch(choice) {
    this.choice = choice;
    this.abort = new AbortController();
    this.jobs.clear();
    this.change({ loaded: false, older: null });
    this.load();
    return () => {
      this.abort.abort();
      clearTimeout(this.timer);
    };
  }

  async load() {
    const { signal } = this.abort;
    try {
      const { data, headers } = await call(addressOf(this.choice), { signal });
      this.failures = 0;
      this.keep(data);
      const older = this.state.value.loaded ? this.state.value.older : nextPage(headers);
      this.change({ connection: "live", problem: null, loaded: true, older });
    } catch (problem) {
      if (signal.aborted) return;
      this.failures += 1;
      this.change({ connection: problem.passing ? "waiting" : "refused", problem });
    }
    if (!signal.aborted) this.again();
  }

  again() {
    const wait = Math.min(EVERY * Math.max(1, this.failures), LONGEST_WAIT);
    this.timer = setTimeout(() => (document.hidden ? this.again() : this.load()), wait);
  }

  async loadOlder() {
    const { data, headers } = await call(this.state.value.older, { signal: this.abort.signal });
    this.keep(data);
    this.change({ older: nextPage(headers) });
  }

  keep(jobs) {
    for (const job of jobs) this.jobs.set(job.job_id, job);
  }

  change(parts) {
    const list = [...this.jobs.values()].sort(newestFirst);
    this.state.set({ ...this.state.value, ...parts, list });
  }
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
