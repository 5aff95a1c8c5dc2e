// Server-Sent Events by `fetch`, which can send the token, and by itself back after every break.

import { authorization, refused } from "./api.js";

const SILENCE = 40_000; // a living stream speaks every 15 seconds
const FIRST_WAIT = 300;
const LONGEST_WAIT = 5_000;
const HIDDEN = 10_000; // a browser has six connections to one host, for all of its tabs

// Follow the stream until `stop` is called, `last(event)` says that nothing follows, or the
// service refuses. Goes on after the last id that it heard, so nothing is missed or told twice.
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
    this.onOnline = () => this.wakeUp();
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
    while (!this.stopped) {
      try {
        await this.connect();
      } catch (error) {
        if (error.status && !error.passing && error.status !== 429) {
          this.stop();
          this.onState("refused", error);
          return;
        }
      }
      if (!this.stopped) await this.pause();
    }
  }

  async connect() {
    this.abort = new AbortController();
    const known = this.id === null ? {} : { "Last-Event-ID": String(this.id) };
    const headers = { Accept: "text/event-stream", ...authorization(), ...known };
    const answer = await fetch(this.path, { headers, signal: this.abort.signal, cache: "no-store" });
    if (!answer.ok) throw refused(answer.status, await answer.json().catch(() => ({})));
    this.failures = 0;
    this.retry = FIRST_WAIT;
    this.onState("live");
    await this.read(answer.body.getReader());
  }

  async read(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    let silence = this.watchSilence();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = this.watchSilence();
        const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = blocks.pop();
        for (const block of blocks) this.take(block);
      }
    } finally {
      clearTimeout(silence);
    }
  }

  watchSilence() {
    return setTimeout(() => this.abort.abort(), SILENCE);
  }

  take(block) {
    if (this.stopped) return;
    const event = parsed(block);
    if (event.retry !== null) this.retry = event.retry;
    if (event.id !== null) this.id = event.id;
    if (event.data === null) return;
    this.onEvent(event);
    if (this.last(event)) this.stop();
  }

  // Wait before the next try: longer each time, and never at the same moment as all others.
  async pause() {
    this.onState("waiting");
    const wait = Math.min(this.retry * 2 ** this.failures, LONGEST_WAIT);
    this.failures += 1;
    await new Promise((resolve) => {
      this.wakeUp = resolve;
      if (!document.hidden) setTimeout(resolve, wait * (0.75 + Math.random() / 2));
    });
  }
}

function parsed(block) {
  const event = { event: "message", id: null, data: null, retry: null };
  const lines = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const field = line.slice(0, at);
    const value = line.slice(at + 1).replace(/^ /, "");
    if (at < 1) continue;
    if (field === "data") lines.push(value);
    else if (field === "retry") event.retry = Number(value) || null;
    else if (field === "id" || field === "event") event[field] = value;
  }
  if (lines.length) event.data = JSON.parse(lines.join("\n"));
  return event;
}
