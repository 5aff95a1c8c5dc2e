// One job as it moves: its history from the first event on, then the present, then the news.

import { call } from "../core/api.js";
import { useEffect, useState } from "../core/html.js";
import { follow } from "../core/stream.js";

const NOTHING = {
  job: null,
  metrics: [],
  lines: [],
  results: 0,
  checkpoints: 0,
  connection: "connecting",
  problem: null,
};

export function useLiveJob(id) {
  const [state, setState] = useState(NOTHING);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const watch = new Watch(id, setState);
    watch.start();
    return () => watch.stop();
  }, [id, round]);
  // After a retry the job moves again, and its stream is another one.
  return { ...state, again: () => setRound((known) => known + 1) };
}

class Watch {
  constructor(id, show) {
    this.path = `/api/v1/jobs/${encodeURIComponent(id)}`;
    this.show = show;
    this.state = { ...NOTHING };
    this.stopped = false;
    this.timer = null;
  }

  start() {
    this.ask();
    this.stopStream = follow(`${this.path}/stream`, {
      after: 0,
      onEvent: (event) => this.take(event),
      onState: (connection, problem = null) => this.change({ connection, problem }),
      last: (event) => event.event === "complete" || (event.event === "error" && event.id === null),
    });
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.stopStream?.();
  }

  // Many events may come in one piece; the page is drawn once for all of them.
  change(parts) {
    Object.assign(this.state, parts);
    if (this.stopped || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const { job, problem } = this.state;
      if (job || problem) this.show({ ...this.state }); // until then there is nothing to show
    });
  }

  take({ event, data, id }) {
    const act = ACTS[event];
    if (act) act(this, data, id);
  }

  merge(parts) {
    if (this.state.job) this.change({ job: { ...this.state.job, ...parts } });
  }

  // The whole job: what no event carries, such as attempts and what it waits for.
  async ask() {
    this.timer = null;
    try {
      const { data } = await call(this.path);
      if (!this.stopped) this.change({ job: data, problem: null });
    } catch (problem) {
      if (this.stopped) return;
      if (problem.passing) this.timer ??= setTimeout(() => this.ask(), 1000);
      else this.change({ problem });
    }
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
  },
  metric(watch, data) {
    watch.change({ metrics: [...watch.state.metrics, data] });
  },
  log(watch, data, id) {
    watch.change({ lines: [...watch.state.lines, { ...data, id }] });
  },
  items(watch, data) {
    watch.change({ results: Math.max(watch.state.results, data.first + data.count) });
  },
  checkpoint(watch) {
    watch.change({ checkpoints: watch.state.checkpoints + 1 });
  },
  complete(watch, data) {
    watch.merge(data);
    watch.change({ connection: "ended" });
    watch.askSoon();
  },
  error(watch, data, id) {
    if (id === null) watch.change({ connection: "ended", gone: data.error });
  },
};
