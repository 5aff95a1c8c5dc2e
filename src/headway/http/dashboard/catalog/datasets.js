// One data set: its columns, how often each label comes, and its rows.

import { html, useState } from "../core/html.js";
import { count, percent } from "../core/format.js";
import { useLoad } from "../core/load.js";
import { useTitle } from "../core/router.js";
import { Icon } from "../parts/icons.js";
import { Loaded } from "../parts/notice.js";
import { pathOf } from "./address.js";
import { ArtifactFacts } from "./facts.js";
import { Lineage } from "./lineage.js";
import { Versions } from "./versions.js";

const PAGE = 20;
const FIRST_LABELS = 10;

export default function DatasetPage({ reference }) {
  useTitle(reference);
  const found = useLoad(pathOf("dataset", reference));
  return html`<${Loaded} from=${found}>${(one) => html`<${Dataset} one=${one} again=${found.again} />`}<//>`;
}

function Dataset({ one, again }) {
  const { meta } = one;
  return html`
    <p class="back"><a href="#/datasets"><${Icon} name="back" />Data sets</a></p>
    <div class="heading">
      <h1>${one.name} ${one.version && html`<span class="id">version ${one.version}</span>`}</h1>
      <div class="actions">
        <a class="button" href=${`#/new/batch_predict?data=${encodeURIComponent(one.reference)}`}>Predict</a>
        <a class="button primary" href=${`#/new/train_model?data=${encodeURIComponent(one.reference)}`}>Train on it</a>
      </div>
    </div>
    <div class="columns">
      <div class="main-column">
        <${Labels} labels=${meta.labels} column=${meta.label_column} />
        <${Columns} columns=${meta.columns} />
        <${Lineage} one=${one} />
        <${Rows} one=${one} />
      </div>
      <div class="side-column">
        <${ArtifactFacts} one=${one} again=${again} />
        <${Versions} one=${one} again=${again} />
      </div>
    </div>
  `;
}

function Labels({ labels, column }) {
  const [isWhole, setWhole] = useState(false);
  const entries = Object.entries(labels || {}).sort(([, one], [, other]) => other - one);
  if (!entries.length) return null;
  const total = entries.reduce((sum, [, number]) => sum + number, 0);
  const shown = isWhole ? entries : entries.slice(0, FIRST_LABELS);
  return html`<section class="card">
    <h2 id="labels">Labels <span class="muted">in column ${column}</span></h2>
    <table class="labels" aria-labelledby="labels"><tbody>
      ${shown.map(([label, number]) => html`<tr key=${label}>
        <th scope="row">${label}</th>
        <td class="label-bar" aria-hidden="true"><span style=${{ width: `${(100 * number) / entries[0][1]}%` }}></span></td>
        <td class="number">${count(number)}</td>
        <td class="number muted">${percent(number / total)}</td>
      </tr>`)}
    </tbody></table>
    ${entries.length > FIRST_LABELS && html`<div class="more">
      <button type="button" onClick=${() => setWhole(!isWhole)}>${isWhole ? `Show the first ${FIRST_LABELS}` : `Show all ${count(entries.length)}`}</button>
    </div>`}
  </section>`;
}

function Columns({ columns }) {
  if (!columns) return null;
  return html`<section class="card">
    <h2 id="columns">Columns</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="columns"><table class="numbers">
      <thead><tr>${["Name", "Type", "Empty", "Different", "Mean length"].map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
      <tbody>${columns.map((column) => html`<tr key=${column.name}>
        <th scope="row">${column.name}</th><td>${column.type}</td><td>${count(column.nulls)}</td>
        <td>${column.distinct_exact ? "" : "more than "}${count(column.distinct)}</td><td>${column.mean_length}</td>
      </tr>`)}</tbody>
    </table></div>
  </section>`;
}

function Rows({ one }) {
  const [start, go] = useState(0);
  const found = useLoad(`${pathOf("dataset", one.reference)}/rows?start=${start}&limit=${PAGE}`);
  return html`<section class="card">
    <h2 id="rows">Rows</h2>
    <${Loaded} from=${found}>${({ columns, rows, total }) => html`
      <div class="scroll" tabindex="0" role="region" aria-labelledby="rows"><table class="numbers results">
        <thead><tr><th scope="col">#</th>${columns.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
        <tbody>${rows.map((row, index) => html`<tr key=${index}>
          <th scope="row">${count(found.data.start + index)}</th>
          ${columns.map((name) => html`<td key=${name}>${row[name] ?? html`<span class="muted">empty</span>`}</td>`)}
        </tr>`)}</tbody>
      </table></div>
      <div class="turner">
        <button type="button" disabled=${start === 0} onClick=${() => go(Math.max(0, start - PAGE))}>Before</button>
        <span class="muted">${count(start + 1)} to ${count(Math.min(total, start + PAGE))} of ${count(total)}</span>
        <button type="button" disabled=${start + PAGE >= total} onClick=${() => go(start + PAGE)}>After</button>
      </div>
    `}<//>
  </section>`;
}
