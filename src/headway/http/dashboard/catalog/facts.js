// What is known about a version: whose it is, how it was made, and from what.

import { html, useState } from "../core/html.js";
import { call } from "../core/api.js";
import { bytes } from "../core/format.js";
import { session } from "../core/session.js";
import { When } from "../jobs/times.js";
import { pathOf } from "./address.js";
import { Sources } from "./sources.js";

export function ArtifactFacts({ one, again }) {
  return html`<section class="card">
    <h2>Facts</h2>
    <dl class="facts">
      ${factsOf(one).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    ${one.owner === session.value?.username && html`<${Sharing} one=${one} again=${again} />`}
  </section>`;
}

function factsOf(one) {
  const facts = [["Owner", one.bundled ? "comes with Headway" : one.owner]];
  if (one.created_at) facts.push(["Created", html`<${When} moment=${one.created_at} />`]);
  if (one.size !== null) facts.push(["Size", bytes(one.size)]);
  if (one.job_id) facts.push(["Made by", html`<a href=${`#/jobs/${one.job_id}`}>job ${one.job_id.slice(0, 8)}</a>`]);
  if (one.made_from.length) facts.push(["Made from", html`<${Sources} sources=${one.made_from} />`]);
  if (one.meta.source) facts.push(["File", one.meta.source]);
  if (one.sha256) facts.push(["SHA-256", html`<code class="whole-id">${one.sha256}</code>`]);
  return facts;
}

function Sharing({ one, again }) {
  const [problem, setProblem] = useState("");
  const share = async (event) => {
    const body = { shared: event.target.checked };
    setProblem(await call(pathOf(one.kind, one.reference), { method: "PATCH", body }).then(() => "", ({ message }) => message));
    again();
  };
  return html`<label class="check sharing"><input type="checkbox" checked=${one.shared} onChange=${share} />Shared with every user</label>
    <p class="field-problem" role="alert">${problem}</p>`;
}
