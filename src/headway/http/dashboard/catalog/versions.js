// The versions of a name, and the aliases that point to them.

import { html, useState } from "../core/html.js";
import { announce } from "../core/announce.js";
import { call } from "../core/api.js";
import { useLoad } from "../core/load.js";
import { session } from "../core/session.js";
import { When } from "../jobs/times.js";
import { Loaded } from "../parts/notice.js";
import { addressOf, pathOf } from "./address.js";
import { AliasHistory } from "./history.js";

export function Versions({ one, again }) {
  const found = useLoad(`${pathOf(one.kind, one.reference)}/versions?limit=100`);
  const [round, setRound] = useState(0);
  const renew = () => {
    setRound(round + 1);
    found.again();
    again();
  };
  if (one.bundled) return null;
  return html`<section class="card">
      <h2>Versions</h2>
      <${Loaded} from=${found}>${(versions) => html`<${List} one=${one} versions=${versions} renew=${renew} />`}<//>
    </section>
    ${one.owner === session.value?.username && html`<${AliasHistory} one=${one} version=${round} />`}`;
}

function List({ one, versions, renew }) {
  return html`
    <ol class="versions">
      ${versions.map((version) => html`<li key=${version.id}>
        <a href=${addressOf(one.kind, version.reference)} aria-current=${version.id === one.id ? "true" : undefined}>Version ${version.version}</a>
        ${version.aliases.map((alias) => html` <span class="alias" key=${alias}>${alias}</span>`)}
        <span class="muted"><${When} moment=${version.created_at} /></span>
      </li>`)}
    </ol>
    ${one.owner === session.value?.username && html`<${Promote} one=${one} renew=${renew} />`}
  `;
}

// Points an alias to the version that is shown. What it pointed to stays in its history.
function Promote({ one, renew }) {
  const [alias, setAlias] = useState("champion");
  const [problem, setProblem] = useState("");
  const path = `/api/v1/${one.kind}s/${encodeURIComponent(one.name)}/aliases/${encodeURIComponent(alias)}`;
  const act = async (request, said) => {
    try {
      await request;
      setProblem("");
      announce(said);
    } catch (error) {
      setProblem(error.message);
    }
    renew();
  };
  const promote = (event) => {
    event.preventDefault();
    act(call(path, { method: "PUT", body: { version: one.version } }), `${alias} is version ${one.version} now`);
  };
  const rollBack = () => act(call(`${path}/rollback`, { method: "POST" }), `${alias} is rolled back`);
  return html`<form class="promote" onSubmit=${promote}>
    <label>Alias <input name="alias" required pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*" maxlength="100" value=${alias} onInput=${(event) => setAlias(event.target.value)} /></label>
    <div class="buttons">
      <button class="primary">Promote version ${one.version}</button>
      <button type="button" onClick=${rollBack} disabled=${!alias}>Roll back</button>
    </div>
    <p class="field-problem" role="alert">${problem}</p>
  </form>`;
}
