// What a model took for what: a row for each true class, shaded by its share of the row.

import { html } from "../core/html.js";
import { count, percent } from "../core/format.js";

const MOST = 40; // more cannot be read on a screen; the API gives them all

export default function Confusion({ confusion: { labels, matrix } }) {
  if (labels.length > MOST) {
    return html`<section class="card"><h2>Confusion</h2>
      <p class="muted">${count(labels.length)} classes are too many to show here; the result has the matrix.</p>
    </section>`;
  }
  return html`<section class="card">
    <h2 id="confusion">Confusion <span class="muted">rows: true class, columns: predicted</span></h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="confusion">
      <table class="confusion">
        <thead><tr>
          <td></td>
          ${labels.map((label) => html`<th scope="col" key=${label}><span>${label}</span></th>`)}
        </tr></thead>
        <tbody>${matrix.map((row, index) => html`<${Row} key=${labels[index]} label=${labels[index]} row=${row} own=${index} labels=${labels} />`)}</tbody>
      </table>
    </div>
  </section>`;
}

function Row({ label, row, own, labels }) {
  const total = row.reduce((sum, one) => sum + one, 0);
  return html`<tr>
    <th scope="row">${label}</th>
    ${row.map((number, index) => {
      const share = total ? number / total : 0;
      const title = `${label} taken for ${labels[index]}: ${count(number)}, ${percent(share)}`;
      return html`<td key=${index} class=${cellClass(share, index === own)} title=${title}>${count(number)}</td>`;
    })}
  </tr>`;
}

function cellClass(share, isRight) {
  const heat = share === 0 ? 0 : Math.min(5, 1 + Math.floor(share * 5));
  return `${isRight ? "right" : "wrong"} heat-${heat}`;
}
