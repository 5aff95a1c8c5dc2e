// One call of the API, made from here, with the token of whoever is signed in.

import { html, useState } from "../core/html.js";
import { authorization } from "../core/api.js";
import { session } from "../core/session.js";
import { useTopic } from "../core/topic.js";
import { exampleOf } from "./schema.js";

const LONGEST = 20_000;

export function Trial({ method, path, operation, root }) {
  const who = useTopic(session);
  const content = operation.requestBody?.content["application/json"];
  const parameters = (operation.parameters || []).filter((one) => one.in !== "header");
  const [answer, setAnswer] = useState(null);
  const [busy, setBusy] = useState(false);
  if (operation.security && !who) return html`<p class="muted"><a href="/">Sign in</a> to try this call here.</p>`;

  const send = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    setAnswer(await answered(method, path, parameters, form));
    setBusy(false);
  };
  return html`<form class="trial" onSubmit=${send}>
    ${parameters.map((one) => html`<label key=${one.name}>${one.name} ${one.required && html`<span class="muted">needed</span>`}
      <input name=${`${one.in}.${one.name}`} required=${one.required} autocomplete="off" />
    </label>`)}
    ${content && html`<label>Body <textarea name="body" rows="6" spellcheck="false">${JSON.stringify(exampleOf(content, root), null, 2)}</textarea></label>`}
    <div class="buttons"><button class="primary" disabled=${busy}>Send</button></div>
    <div role="status">${answer && html`<p class="answer">${answer.status}</p><pre class="json" tabindex="0">${answer.text}</pre>`}</div>
  </form>`;
}

async function answered(method, path, parameters, form) {
  const body = form.get("body");
  const headers = { ...authorization(), ...(body ? { "Content-Type": "application/json" } : {}) };
  try {
    const answer = await fetch(addressOf(path, parameters, form), { method: method.toUpperCase(), headers, body: body || undefined });
    return { status: `${answer.status} ${answer.statusText}`, text: readable(await answer.text()) };
  } catch {
    return { status: "No answer", text: "The service cannot be reached." };
  }
}

function addressOf(path, parameters, form) {
  const query = new URLSearchParams();
  let address = path;
  for (const { name, in: place } of parameters) {
    const value = form.get(`${place}.${name}`);
    if (place === "path") address = address.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) query.append(name, value);
  }
  return query.size ? `${address}?${query}` : address;
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, LONGEST);
  } catch {
    return text.slice(0, LONGEST);
  }
}
