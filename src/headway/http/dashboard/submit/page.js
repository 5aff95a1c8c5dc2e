// A new job: first what is to be done, then with what.

import { html } from "../core/html.js";
import { words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { useTitle } from "../core/router.js";
import { Icon } from "../parts/icons.js";
import { Empty, Loaded } from "../parts/notice.js";
import { Prose } from "../parts/prose.js";
import { SubmitForm } from "./form.js";

export default function SubmitPage({ operation }) {
  useTitle(operation ? `New job: ${words(operation)}` : "New job");
  const operations = useLoad("/api/v1/operations");
  return html`<${Loaded} from=${operations}>${(known) => (operation ? html`<${One} known=${known} name=${operation} />` : html`<${All} known=${known} />`)}<//>`;
}

function All({ known }) {
  return html`
    <p class="back"><a href="#/jobs"><${Icon} name="back" />Jobs</a></p>
    <div class="heading"><h1>New job</h1></div>
    <ul class="operations">
      ${known.map((one) => html`<li key=${one.job_type} class="card">
        <h2><a href=${`#/new/${one.job_type}`}>${words(one.job_type)}</a></h2>
        <p class="muted"><${Prose} text=${aboutOf(one)} /></p>
        <code class="muted">${one.job_type}</code>
      </li>`)}
    </ul>
  `;
}

// The first sentence of what an operation says of itself.
function aboutOf({ input_schema: schema, description }) {
  return (schema.description || description || "").split("\n\n")[0].split(/(?<=\.)\s/)[0];
}

function One({ known, name }) {
  const operation = known.find((one) => one.job_type === name);
  if (!operation) {
    return html`<${Empty} level="h1" title="There is no such operation.">
      <p><a href="#/new">Show what there is</a></p>
    <//>`;
  }
  return html`
    <p class="back"><a href="#/new"><${Icon} name="back" />New job</a></p>
    <div class="heading"><h1>${words(name)}</h1></div>
    <p class="lead muted"><${Prose} text=${aboutOf(operation)} /></p>
    <${SubmitForm} key=${name} operation=${operation} />
  `;
}
