// Where a version came from and what came of it: a row for each job on the way.

import { html } from "../core/html.js";
import { words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { When } from "../jobs/times.js";
import { addressOf, pathOf } from "./address.js";

const HEADS = ["From", "Job", "Made", "Ended"];

export function Lineage({ one }) {
  const found = useLoad(one.bundled ? null : `${pathOf(one.kind, one.reference)}/lineage`);
  const steps = found.data ? stepsOf(found.data) : [];
  if (!steps.length) return null;
  return html`<section class="card">
    <h2 id="lineage">Where it came from, and what it was used for</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="lineage"><table class="numbers">
      <thead><tr>${HEADS.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${steps.map(({ job, read, made }) => html`<tr key=${job.id}>
        <td><${Ends} nodes=${read} self=${one.id} /></td>
        <th scope="row"><a href=${`#/jobs/${job.id}`}>${words(job.name || "job")}</a></th>
        <td><${Ends} nodes=${made} self=${one.id} /></td>
        <td><${When} moment=${job.at} /></td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}

// The jobs in the order in which they ended, each with what it read and what it made or moved.
function stepsOf({ nodes, edges }) {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const endsOf = (relations, here, there, id) =>
    edges.filter((edge) => relations.includes(edge.relation) && edge[here] === id).map((edge) => known.get(edge[there]));
  return nodes
    .filter((node) => node.type === "job")
    .map((job) => ({
      job,
      read: endsOf(["read"], "to", "from", job.id),
      made: endsOf(["made", "moved"], "from", "to", job.id),
    }))
    .sort((one, other) => Date.parse(one.job.at ?? Infinity) - Date.parse(other.job.at ?? Infinity));
}

function Ends({ nodes, self }) {
  if (!nodes.length) return "–";
  return nodes.map((node, index) => html`<span key=${node.id}>${index > 0 && ", "}<${End} node=${node} isSelf=${node.id === self} /></span>`);
}

function End({ node: { type, name, version, deleted }, isSelf }) {
  if (!name) return html`<span class="muted">what somebody else keeps</span>`;
  if (type === "alias") return html`alias <span class="alias">${name}</span>`;
  const called = version === null ? name : `${name}@${version}`;
  if (isSelf) return html`<strong>${called}</strong>`;
  if (deleted || (type !== "dataset" && type !== "model")) return `${called}${deleted ? " (deleted)" : ""}`;
  return html`<a href=${addressOf(type, called)}>${called}</a>`;
}
