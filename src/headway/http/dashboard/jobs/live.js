// One job as it moves: its history from the first event on, then the present, then the news.

import { call } from "../core/api.js";
import { useEffect, useState } from "../core/html.js";
import { Meanwhile } from "../core/meanwhile.js";
import { follow } from "../core/stream.js";
import { hasEnded } from "../parts/status.js";

const LOOK_AGAIN = 30_000; // an ended job may be retried from elsewhere

const UNCHANGED = 304;
const NOTHING = {
  job: null,
  metrics: [],
  lines: [],
  results: 0,
  checkpoints: 0,
  connection: "connecting",
  isReplay: true, // until the present has been told
  refusal: null,
  problem: null,
};

export function useLiveJob(id) {
  const [state, setState] = useState(NOTHING);
  const [round, setRound] = useState(0);
  // After a retry the job moves again, and its stream is another one.
  const again = () => setRound((known) => known + 1);
  useEffect(() => {
    const watch = new Watch(id, setState, again);
    watch.start();
    return () => watch.stop();
  }, [id, round]);
  return { ...state, again };
}

class Watch {
  constructor(id, show, again) {
    this.path = `/api/v1/jobs/${encodeURIComponent(id)}`;
    Object.assign(this, { show, again });
    this.state = { ...NOTHING };
    this.metrics = [];
    this.lines = [];
    this.meanwhile = new Meanwhile();
    this.asked = Promise.resolve();
    this.stopped = false;
    this.timer = null;
    this.lookAgain = () => document.hidden || this.ask();
  }

  start() {
    this.ask();
    this.stopStream = follow(`${this.path}/stream`, {
      after: 0,
      onEvent: (event) => this.take(event),
      onState: (connection, refusal) => this.change({ connection, refusal }),
      last: (event) => event.event === "complete" || (event.event === "error" && event.id === null),
    });
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    clearInterval(this.looking);
    window.removeEventListener("focus", this.lookAgain);
    document.removeEventListener("visibilitychange", this.lookAgain);
    this.stopStream?.();
  }

  // Nothing more is told; what may yet become of the job must be asked for.
  end() {
    this.change({ connection: "ended" });
    this.looking = setInterval(this.lookAgain, LOOK_AGAIN);
    window.addEventListener("focus", this.lookAgain);
    document.addEventListener("visibilitychange", this.lookAgain);
  }

  // Many events may come in one piece; the page is drawn once for all of them.
  change(parts) {
    Object.assign(this.state, parts);
    if (this.stopped || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const { job, problem } = this.state;
      this.collect("metrics");
      this.collect("lines");
      if (job || problem) this.show({ ...this.state }); // until then there is nothing to show
    });
  }

  // A copy for each drawing, not for each of what may be a hundred thousand lines.
  collect(name) {
    if (this[name].length !== this.state[name].length) this.state[name] = [...this[name]];
  }

  take({ event, data, id }) {
    const act = ACTS[event];
    if (act) act(this, data, id);
  }

  merge(parts) {
    this.meanwhile.tell(parts);
    if (this.state.job) this.change({ job: { ...this.state.job, ...parts } });
  }

  // The whole job: what no event carries, such as attempts and what it waits for. One after the
  // other, so that no older answer comes last.
  ask() {
    this.timer = null;
    this.asked = this.asked.then(() => this.load());
  }

  async load() {
    if (this.stopped) return;
    try {
      await this.meanwhile.during(
        () => call(this.path, { headers: this.known }),
        ({ data, headers }, heard) => this.renew(Object.assign(data, ...heard), headers.get("ETag")),
      );
    } catch (problem) {
      if (this.stopped || problem.status === UNCHANGED) return;
      if (problem.passing) this.timer ??= setTimeout(() => this.ask(), Math.max(1000, problem.wait));
      if (!problem.passing || !this.state.job) this.change({ problem });
    }
  }

  renew(job, tag) {
    if (this.stopped) return;
    this.known = { "If-None-Match": tag };
    if (this.looking && !hasEnded(job.status)) this.again();
    else this.change({ job, problem: null });
  }

  // Soon, and once for everything that happens until then.
  askSoon() {
    this.timer ??= setTimeout(() => this.ask(), 150);
  }
}

const ACTS = {
  progress(watch, data) {
    watch.merge(data);
  },
  update(watch, data, id) {
    watch.merge(data);
    if (id !== null) watch.askSoon();
    else watch.change({ isReplay: false });
  },
  metric(watch, data) {
    watch.metrics.push(data);
    watch.change({});
  },
  log(watch, data, id) {
    watch.lines.push({ ...data, id });
    watch.change({});
  },
  items(watch, data) {
    watch.change({ results: Math.max(watch.state.results, data.first + data.count) });
  },
  checkpoint(watch) {
    watch.change({ checkpoints: watch.state.checkpoints + 1 });
  },
  complete(watch, data) {
    watch.merge(data);
    watch.end();
    watch.askSoon();
  },
  error(watch, data, id) {
    if (id === null) watch.change({ connection: "ended", gone: data.error });
  },
};
