// The API as its own OpenAPI document describes it: every call, what it takes, and a way to try it.

import { html, useState } from "../core/html.js";
import { words } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { useTitle } from "../core/router.js";
import { Loaded } from "../parts/notice.js";
import { Prose } from "../parts/prose.js";
import { linesOf, typeOf } from "./schema.js";
import { Trial } from "./trial.js";

export default function ReferencePage() {
  useTitle("API");
  const found = useLoad("/openapi.json");
  return html`<${Loaded} from=${found}>${(root) => html`<${Reference} root=${root} />`}<//>`;
}

function Reference({ root }) {
  return html`
    <div class="heading"><h1>API</h1><a class="button" href="/openapi.json">OpenAPI document</a></div>
    <p class="lead muted">${root.info.summary}. Errors are problem documents (RFC 9457); calls below <code>/api/v1</code> need a bearer token from <code>POST /token</code>.</p>
    ${groupsOf(root).map(([tag, calls]) => html`<section key=${tag} class="card reference" aria-label=${words(tag)}>
      <h2>${words(tag)}</h2>
      ${calls.map((one) => html`<${Call} key=${one.method + one.path} ...${one} root=${root} />`)}
    </section>`)}
  `;
}

function groupsOf({ paths }) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] || "other";
      groups.set(tag, [...(groups.get(tag) || []), { method, path, operation }]);
    }
  }
  return [...groups];
}

function Call({ method, path, operation, root }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="call" onToggle=${(event) => setOpen(event.target.open)}>
    <summary>
      <span class="method is-${method}">${method.toUpperCase()}</span>
      <code>${path}</code>
      <span class="muted about-call"><${Prose} text=${(operation.description || operation.summary).split(/(?<=\.)\s/)[0]} /></span>
    </summary>
    ${isOpen && html`<${Inside} method=${method} path=${path} operation=${operation} root=${root} />`}
  </details>`;
}

function Inside({ method, path, operation, root }) {
  const contents = Object.entries(operation.requestBody?.content || {});
  const answers = Object.entries(operation.responses || {}).filter(([status]) => status < "400");
  const isStream = answers.some(([, { content }]) => content?.["text/event-stream"]);
  return html`<div class="inside">
    <p><${Prose} text=${operation.description} /></p>
    <${Parameters} parameters=${operation.parameters || []} root=${root} />
    ${contents.map(([type, { schema }]) => html`<${Shape} key=${type} title=${`Body, ${type}`} schema=${schema} root=${root} />`)}
    ${answers.map(([status, { content }]) => html`<${Shape}
      key=${status}
      title=${`Answer ${status}`}
      schema=${Object.values(content || {})[0]?.schema || {}}
      root=${root}
    />`)}
    ${isStream
      ? html`<p class="muted">A stream has no end to wait for: look at the job in the dashboard.</p>`
      : html`<${Trial} method=${method} path=${path} operation=${operation} root=${root} />`}
  </div>`;
}

function Parameters({ parameters, root }) {
  if (!parameters.length) return null;
  const lines = parameters.map(({ name, in: place, required, schema, description }) => ({
    name, depth: 0, type: `${place}, ${typeOf(schema, root)}`, about: description || "", isRequired: required,
  }));
  return html`<h3>Parameters</h3><${Lines} lines=${lines} />`;
}

function Shape({ title, schema, root }) {
  const lines = linesOf(schema.items || schema.anyOf?.[0] || schema, root);
  return html`<h3>${title} <span class="muted">${typeOf(schema, root)}</span></h3><${Lines} lines=${lines} />`;
}

function Lines({ lines }) {
  if (!lines.length) return null;
  return html`<dl class="lines">
    ${lines.map(({ name, depth, type, about, isRequired }, index) => html`<div key=${index} class="depth-${depth}">
      <dt><code>${name}</code> <span class="muted">${type}${isRequired ? ", needed" : ""}</span></dt>
      ${about && html`<dd><${Prose} text=${about} /></dd>`}
    </div>`)}
  </dl>`;
}
