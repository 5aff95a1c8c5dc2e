// The caller's jobs as far as they are known, kept up to date by the stream of all of them.

import { call, nextPage } from "../core/api.js";
import { Meanwhile } from "../core/meanwhile.js";
import { follow } from "../core/stream.js";
import { Topic } from "../core/topic.js";
import { hasEnded } from "../parts/status.js";

const CALM = 700; // between two lists: hundreds of jobs may end in a second
const AGAIN = 2_000;
const PAGES = 10;

export class KnownJobs {
  constructor() {
    this.jobs = new Map();
    this.meanwhile = new Meanwhile();
    this.state = new Topic({ list: [], connection: "connecting", problem: null, refusal: null, older: null, loaded: false });
  }

  // Begin to watch the jobs of this choice; call what comes back to stop. What is known of the same
  // choice from before stays, and is renewed.
  watch(choice) {
    const address = addressOf(choice);
    if (address !== this.address) {
      this.jobs.clear();
      this.change({ loaded: false, older: null });
    }
    this.address = address;
    const view = { abort: new AbortController(), timer: null, frame: 0, loading: Promise.resolve(), others: new Set() };
    this.view = view;
    this.list(0); // the stream may be long in coming
    this.follow();
    return () => {
      this.stop();
      view.abort.abort();
      clearTimeout(view.timer);
      cancelAnimationFrame(view.frame);
    };
  }

  follow() {
    this.change({ connection: "connecting", refusal: null });
    this.stop = follow("/api/v1/jobs/stream", {
      onEvent: (event) => this.take(event),
      onState: (connection, refusal) => this.change({ connection, refusal }),
    });
  }

  // What an event says of a job goes into its row at once. What it does not say, such as when the
  // job began, and jobs that are new, come with the list. Metrics and log lines change no row.
  take(told) {
    const { event, data, id } = told;
    if (event === "ready") {
      this.list(0);
      return;
    }
    const isNew = !this.jobs.has(data.job_id) && !this.view.others.has(data.job_id);
    const hasMoved = id !== null && (event === "update" || event === "complete");
    if (isNew) this.view.others.add(data.job_id); // and if the list does not have it, it is none of this choice
    if (isNew || hasMoved) this.list(CALM);
    if (!TOLD.has(event)) return;
    this.meanwhile.tell(told);
    if (this.merge(told)) this.draw();
  }

  // Put what was told of a job into its row; false if it has none.
  merge({ event, data }) {
    const known = this.jobs.get(data.job_id);
    if (known) this.jobs.set(data.job_id, merged(known, event, data));
    return known !== undefined;
  }

  // Load the list after so many milliseconds, and not before the answer that is on its way is there.
  list(wait) {
    const { view } = this;
    view.timer ??= setTimeout(() => {
      view.loading = view.loading.then(() => this.load(view));
    }, wait);
  }

  async load(view) {
    view.timer = null;
    const { signal } = view.abort;
    try {
      await this.ask(this.address, view, (page, next) => this.renew(page, next));
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.passing) this.list(Math.max(AGAIN, problem.wait));
      if (!problem.passing || !this.state.value.loaded) this.change({ problem });
    }
  }

  // When more jobs came at once than a page holds, what was known lies beyond jobs that are not:
  // then the list begins anew, and the older ones are asked for as ever.
  renew(page, next) {
    const { loaded, older } = this.state.value;
    const isApart = next !== null && !page.some((job) => this.jobs.has(job.job_id));
    if (isApart) this.jobs.clear();
    this.keep(page);
    return { problem: null, loaded: true, older: loaded && !isApart ? older : next };
  }

  // Ask for one job by its id, however old it is.
  async find(id) {
    await this.ask(`/api/v1/jobs/${id}`, this.view, (job) => this.keep([job]));
  }

  async loadOlder() {
    await this.ask(this.state.value.older, this.view, (page, next) => {
      this.keep(page);
      return { older: next };
    });
  }

  // `take` what is answered while this view lasts, and then what the stream has told since it was
  // asked for: a bar that moved does not go back.
  async ask(address, view, take) {
    await this.meanwhile.during(
      () => call(address, { signal: view.abort.signal }),
      ({ data, headers }, heard) => {
        if (view !== this.view) return;
        const parts = take(data, nextPage(headers));
        heard.forEach((told) => this.merge(told));
        this.change(parts);
      },
    );
  }

  // Load older jobs until one of them is sought, or a thousand have been looked at.
  async search(isSought) {
    for (let page = 0; page < PAGES && this.state.value.older; page += 1) {
      await this.loadOlder();
      if (this.state.value.list.some(isSought)) return;
    }
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
  if (event === "progress" && hasEnded(known.status)) return known;
  return { ...known, ...data };
}

function newestFirst(one, other) {
  return Date.parse(other.created_at) - Date.parse(one.created_at);
}

function addressOf({ status, kind }) {
  const query = new URLSearchParams({ limit: "100", result: "brief" });
  if (status) query.append("status", status);
  if (kind) query.append("job_type", kind);
  return `/api/v1/jobs?${query}`;
}
