// Server-Sent Events by `fetch`, which can send the token, and by itself back after every break.

import { authorization, refused } from "./api.js";
import { EventParser } from "./events.js";

const SILENCE = 40_000; // a living stream speaks every 15 seconds
const FIRST_WAIT = 300;
const LONGEST_WAIT = 5_000;
const REFUSALS = new Set([401, 403, 404, 410]);
const HIDDEN = 10_000; // a browser has six connections to one host, for all of its tabs

// Follow the stream until `stop` is called, `last(event)` says that nothing follows, or the
// service refuses. Goes on after the last id that it heard, so nothing is missed or told twice.
// Nothing is followed in a tab that nobody sees. `onState(word, problem)` hears how it stands, and
// what the service said if it did not let us in.
export function follow(path, { after = null, onEvent, onState = () => {}, last = () => false }) {
  const follower = new Follower(path, { after, onEvent, onState, last });
  follower.run();
  return () => follower.stop();
}

class Follower {
  constructor(path, { after, onEvent, onState, last }) {
    Object.assign(this, { path, id: after, onEvent, onState, last });
    this.stopped = false;
    this.failures = 0;
    this.retry = FIRST_WAIT;
    this.wakeUp = () => {};
    this.onVisible = () => this.visibilityChanged();
    this.onOnline = () => document.hidden || this.wakeUp();
    document.addEventListener("visibilitychange", this.onVisible);
    window.addEventListener("online", this.onOnline);
  }

  stop() {
    this.stopped = true;
    this.abort?.abort();
    this.wakeUp();
    clearTimeout(this.hideTimer);
    document.removeEventListener("visibilitychange", this.onVisible);
    window.removeEventListener("online", this.onOnline);
  }

  visibilityChanged() {
    clearTimeout(this.hideTimer);
    if (document.hidden) this.hideTimer = setTimeout(() => this.abort?.abort(), HIDDEN);
    else this.wakeUp();
  }

  async run() {
    if (document.hidden) await this.wake();
    while (!this.stopped) {
      const problem = await this.connect().then(() => null, (error) => error);
      if (REFUSALS.has(problem?.status)) {
        this.stop();
        this.onState("refused", problem);
      }
      if (!this.stopped) await this.pause(problem?.status ? problem : null);
    }
  }

  wake() {
    return new Promise((resolve) => {
      this.wakeUp = resolve;
    });
  }

  async connect() {
    this.abort = new AbortController();
    const known = this.id === null ? {} : { "Last-Event-ID": String(this.id) };
    const headers = { Accept: "text/event-stream", ...authorization(), ...known };
    this.hear();
    try {
      const answer = await fetch(this.path, { headers, signal: this.abort.signal, cache: "no-store" });
      if (!answer.ok) throw refused(answer.status, await answer.json().catch(() => ({})), answer.headers);
      this.failures = 0;
      this.retry = FIRST_WAIT;
      this.onState("live", null);
      await this.read(answer.body.getReader());
    } finally {
      clearTimeout(this.silence);
    }
  }

  async read(reader) {
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.hear();
      const events = parser.feed(decoder.decode(value, { stream: true }));
      this.retry = parser.retry ?? this.retry;
      for (const event of events) this.take(event);
    }
  }

  // A connection that says nothing for long is none, also one that has never said anything.
  hear() {
    const { abort } = this;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => abort.abort(), SILENCE);
  }

  // What is told has the id that it names itself: without one it is a snapshot.
  take({ event: name, data, id, place }) {
    if (this.stopped) return;
    if (id !== "") this.id = id;
    const event = { event: name, data: JSON.parse(data), id: place };
    this.onEvent(event);
    if (this.last(event)) this.stop();
  }

  // Wait before the next try: longer each time, and never at the same moment as all others.
  async pause(problem) {
    this.onState("waiting", problem);
    const wait = Math.min(this.retry * 2 ** this.failures, LONGEST_WAIT) * (0.75 + Math.random() / 2);
    this.failures += 1;
    const woken = this.wake();
    const timer = setTimeout(() => document.hidden || this.wakeUp(), Math.max(wait, problem?.wait ?? 0));
    await woken;
    clearTimeout(timer);
  }
}
