// One model: how good it is, beside another version of it, and what it says to a text.

import { html, useState } from "../core/html.js";
import { words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { measured } from "../core/measures.js";
import { useTitle } from "../core/router.js";
import { Icon } from "../parts/icons.js";
import { Loaded } from "../parts/notice.js";
import { pathOf } from "./address.js";
import { ArtifactFacts } from "./facts.js";
import { Lineage } from "./lineage.js";
import { Trial } from "./trial.js";
import { Versions } from "./versions.js";

export default function ModelPage({ reference }) {
  useTitle(reference);
  const found = useLoad(pathOf("model", reference));
  return html`<${Loaded} from=${found}>${(one) => html`<${Model} one=${one} again=${found.again} />`}<//>`;
}

function Model({ one, again }) {
  return html`
    <p class="back"><a href="#/models"><${Icon} name="back" />Models</a></p>
    <div class="heading">
      <h1>${one.name} ${one.version && html`<span class="id">version ${one.version}</span>`}</h1>
      ${one.aliases.map((alias) => html`<span class="alias" key=${alias}>${alias}</span>`)}
      <div class="actions">
        <a class="button" href=${`#/new/batch_predict?model=${encodeURIComponent(one.reference)}`}>Predict</a>
        <a class="button primary" href=${`#/new/evaluate_model?model=${encodeURIComponent(one.reference)}`}>Evaluate</a>
      </div>
    </div>
    <div class="columns">
      <div class="main-column">
        <${Scores} one=${one} />
        <${Trial} reference=${one.reference} />
        <${Lineage} one=${one} />
        <${Values} title="Parameters" values=${one.parameters} />
        <${Classes} classes=${one.meta.classes} />
      </div>
      <div class="side-column">
        <${ArtifactFacts} one=${one} again=${again} />
        <${Versions} one=${one} again=${again} />
      </div>
    </div>
  `;
}

// The scores, and on wish those of another version beside them.
function Scores({ one }) {
  const [chosen, choose] = useState("");
  const versions = useLoad(one.bundled ? null : `${pathOf("model", one.reference)}/versions?limit=100`);
  const others = (versions.data || []).filter(({ id }) => id !== one.id);
  const other = others.find(({ id }) => id === chosen);
  return html`<section class="card">
    <div class="card-heading">
      <h2>Scores</h2>
      ${others.length > 0 && html`<label class="inline">Compare with <select value=${chosen} onChange=${(event) => choose(event.target.value)}>
        <option value="">nothing</option>
        ${others.map(({ id, version }) => html`<option key=${id} value=${id}>version ${version}</option>`)}
      </select></label>`}
    </div>
    ${other ? html`<${Comparison} one=${one} other=${other} />` : html`<${Figures} values=${one.metrics} />`}
  </section>`;
}

function Figures({ values }) {
  const entries = Object.entries(values).filter(([, value]) => typeof value !== "object");
  if (!entries.length) return html`<p class="muted">None are known.</p>`;
  return html`<dl class="figures">
    ${entries.map(([name, value]) => html`<div key=${name}><dt>${words(name)}</dt><dd>${shown(name, value)}</dd></div>`)}
  </dl>`;
}

function shown(name, value) {
  if (typeof value !== "number") return String(value ?? "–");
  return measured(name, value, 2);
}

function Comparison({ one, other }) {
  const before = other.meta.metrics || {};
  const names = Object.keys(one.metrics).filter((name) => typeof one.metrics[name] === "number");
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Comparison"><table class="numbers">
    <thead><tr>${["Score", `Version ${one.version}`, `Version ${other.version}`, "Difference"].map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
    <tbody>${names.map((name) => html`<tr key=${name}>
      <th scope="row">${words(name)}</th>
      <td>${shown(name, one.metrics[name])}</td>
      <td>${shown(name, before[name])}</td>
      <td>${difference(name, one.metrics[name], before[name])}</td>
    </tr>`)}</tbody>
  </table></div>`;
}

function difference(name, now, before) {
  if (typeof before !== "number") return "–";
  const sign = now > before ? "+" : now < before ? "−" : "±";
  return `${sign}${shown(name, Math.abs(now - before))}`;
}

function Values({ title, values }) {
  const entries = Object.entries(values).filter(([, value]) => value !== null && typeof value !== "object");
  if (!entries.length) return null;
  return html`<section class="card"><h2>${title}</h2>
    <dl class="figures">${entries.map(([name, value]) => html`<div key=${name}><dt>${words(name)}</dt><dd class="text-value">${String(value)}</dd></div>`)}</dl>
  </section>`;
}

function Classes({ classes }) {
  if (!classes?.length) return null;
  return html`<section class="card"><h2>Classes <span class="muted">${classes.length}</span></h2>
    <p class="classes">${classes.slice(0, 200).map((name) => html`<span class="pill" key=${name}>${name}</span> `)}</p>
  </section>`;
}
