// Which of the jobs are shown. The choice stands in the address, so that it can be kept and shared.

import { html, useEffect, useRef } from "../core/html.js";
import { words } from "../core/format.js";
import { refine } from "../core/router.js";
import { Icon } from "../parts/icons.js";
import { STATES, wordOf } from "../parts/status.js";

export function choiceOf(query) {
  return { status: query.get("status") || "", kind: query.get("kind") || "", text: query.get("text") || "" };
}

export function fits(job, { status, kind, text }) {
  if ((status && job.status !== status) || (kind && job.job_type !== kind)) return false;
  if (!text) return true;
  const said = [job.job_id, job.job_type, words(job.job_type), job.message, job.error, job.user_id];
  const kept = Object.values(job.metadata || {}).map(String);
  const sought = text.toLowerCase();
  return [...said, ...kept].some((one) => one && one.toLowerCase().includes(sought));
}

export function Filters({ choice, kinds }) {
  const search = useRef(null);
  useSlash(search);
  const change = (part) => refine(Object.entries({ ...choice, ...part }));
  return html`<div class="filters" role="search" aria-label="Jobs">
    <div class="segments" role="group" aria-label="Status">
      ${["", ...STATES].map((status) => html`<button
        key=${status}
        type="button"
        aria-pressed=${choice.status === status ? "true" : "false"}
        onClick=${() => change({ status })}
      >${status ? wordOf(status) : "All"}</button>`)}
    </div>
    <label class="inline"><span class="unseen">Kind</span>
      <select value=${choice.kind} onChange=${(event) => change({ kind: event.target.value })}>
        <option value="">All kinds</option>
        ${kinds.map((kind) => html`<option key=${kind} value=${kind}>${words(kind)}</option>`)}
      </select>
    </label>
    <label class="inline search"><span class="unseen">Search</span>
      <${Icon} name="search" />
      <input
        ref=${search}
        type="search"
        placeholder="Search  ( / )"
        value=${choice.text}
        onInput=${(event) => change({ text: event.target.value })}
      />
    </label>
  </div>`;
}

// `/` leads to the search, wherever one is that no text is typed into.
function useSlash(search) {
  useEffect(() => {
    const onKey = (event) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, [contenteditable]")) return;
      event.preventDefault();
      search.current.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}
