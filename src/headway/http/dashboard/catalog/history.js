// Where the aliases of a name pointed, and what moved them: by hand, or by a job.

import { html } from "../core/html.js";
import { useLoad } from "../core/load.js";
import { When } from "../jobs/times.js";
import { Loaded } from "../parts/notice.js";

const MOST = 20;

// `version` changes when an alias may have moved.
export function AliasHistory({ one, version }) {
  const path = `/api/v1/${one.kind}s/${encodeURIComponent(one.name)}/aliases`;
  const found = useLoad(path, { version });
  if (!found.data?.length) return null;
  return html`<section class="card">
    <h2>Where the aliases pointed</h2>
    ${found.data.map(({ alias, moved_at: moved }) => html`<${Moves} key=${alias} alias=${alias} path=${`${path}/${encodeURIComponent(alias)}/history?limit=${MOST}`} version=${moved} owner=${one.owner} />`)}
  </section>`;
}

function Moves({ alias, path, version, owner }) {
  const found = useLoad(path, { version });
  return html`<h3><span class="alias">${alias}</span></h3>
    <${Loaded} from=${found}>${(moves) => html`<ol class="moves" aria-label=${`History of ${alias}`}>
      ${moves.map((move) => html`<li key=${move.at}>
        ${move.version === null ? "removed" : `version ${move.version}`}
        <span class="muted"> <${When} moment=${move.at} /> by ${move.job_id ? html`<a href=${`#/jobs/${move.job_id}`}>job ${move.job_id.slice(0, 8)}</a>` : owner}</span>
      </li>`)}
    </ol>`}<//>`;
}
