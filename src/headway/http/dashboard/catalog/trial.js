// A text, and what the model says about it at once.

import { html, useState } from "../core/html.js";
import { call } from "../core/api.js";
import { percent } from "../core/format.js";

const MOST = 8;

export function Trial({ reference }) {
  const [answer, setAnswer] = useState(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const ask = async (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get("text");
    setBusy(true);
    try {
      setAnswer((await call("/api/v1/predict", { method: "POST", body: { text, model: reference } })).data);
      setProblem("");
    } catch (error) {
      setProblem(error.message);
    }
    setBusy(false);
  };
  return html`<section class="card">
    <h2>Try it</h2>
    <form class="ask" onSubmit=${ask}>
      <label class="inline"><span class="unseen">Text</span><input name="text" required maxlength="10000" placeholder="My invoice is wrong" autocomplete="off" /></label>
      <button disabled=${busy}>Classify</button>
    </form>
    <p class="field-problem" role="alert">${problem}</p>
    <div role="status">${answer && html`<${Likelihoods} answer=${answer} />`}</div>
  </section>`;
}

function Likelihoods({ answer }) {
  const sorted = Object.entries(answer.probabilities).sort(([, one], [, other]) => other - one).slice(0, MOST);
  return html`<table class="labels" aria-label="Probabilities"><tbody>
    ${sorted.map(([label, share]) => html`<tr key=${label}>
      <th scope="row">${label}</th>
      <td class="label-bar" aria-hidden="true"><span style=${{ width: `${100 * share}%` }}></span></td>
      <td class="number">${percent(share)}</td>
    </tr>`)}
  </tbody></table>`;
}
