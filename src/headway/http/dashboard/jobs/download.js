// All results of a job that has ended, as a file. A link could not send the token, so the file is
// fetched first and then handed to the browser.

import { html, useState } from "../core/html.js";
import { Problem, authorization, refused } from "../core/api.js";

const ENDINGS = { csv: "CSV", jsonl: "JSON Lines", parquet: "Parquet" };

export function Downloads({ job }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const save = async (ending) => {
    setBusy(true);
    setProblem("");
    try {
      hand(await fetched(`/api/v1/jobs/${job.job_id}/results.${ending}`), `${job.job_type}-${job.job_id.slice(0, 8)}.${ending}`);
    } catch (error) {
      setProblem(error.message);
    }
    setBusy(false);
  };
  return html`<div class="buttons downloads" role="group" aria-label="Download">
    ${Object.entries(ENDINGS).map(([ending, name]) => html`<button key=${ending} type="button" disabled=${busy} onClick=${() => save(ending)}>${name}</button>`)}
    <span class="field-problem" role="alert">${problem}</span>
  </div>`;
}

async function fetched(path) {
  const answer = await fetch(path, { headers: authorization() }).catch(() => {
    throw new Problem(0);
  });
  if (!answer.ok) throw refused(answer.status, await answer.json().catch(() => ({})));
  return answer.blob();
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
