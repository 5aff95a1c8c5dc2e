// What is known about a job besides how far it is.

import { html } from "../core/html.js";
import { duration } from "../core/format.js";
import { When } from "./times.js";

const PRIORITIES = { 0: "Urgent", 2: "High", 5: "Normal", 8: "Low" };

export function Facts({ job }) {
  return html`<section class="card">
    <h2>Facts</h2>
    <dl class="facts">
      ${factsOf(job).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
  </section>`;
}

function factsOf(job) {
  const facts = [
    ["Id", html`<code class="whole-id">${job.job_id}</code>`],
    ["Who", job.user_id],
    ["Created", html`<${When} moment=${job.created_at} />`],
    ["Started", job.started_at && html`<${When} moment=${job.started_at} />`],
    ["Ended", job.completed_at && html`<${When} moment=${job.completed_at} />`],
    ["Priority", PRIORITIES[job.priority] ? `${PRIORITIES[job.priority]} (${job.priority})` : `${job.priority} of 9`],
    ["Failed attempts", `${job.attempt} of ${job.max_attempts}`],
  ];
  if (job.run_at && job.status === "pending") facts.push(["Due", html`<${When} moment=${job.run_at} />`]);
  if (job.timeout) facts.push(["Time limit", duration(job.timeout)]);
  if (job.crashes) facts.push(["Crashes", job.crashes]);
  if (job.interruptions) facts.push(["Interruptions", job.interruptions]);
  if (job.resumed_from) facts.push(["Resumed from", resumedWords(job.resumed_from)]);
  if (job.parent) facts.push(["Part of", html`<a href=${`#/jobs/${job.parent}`}>${job.parent.slice(0, 8)}</a>`]);
  for (const [name, value] of Object.entries(job.metadata)) facts.push([name, String(value)]);
  return facts.filter(([, value]) => value !== null);
}

function resumedWords(place) {
  const simple = Object.entries(place).filter(([, value]) => typeof value !== "object");
  return simple.map(([name, value]) => `${name} ${value}`).join(", ") || "a checkpoint";
}
