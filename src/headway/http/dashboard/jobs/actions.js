// Cancel, retry, and the copying of the job's id.

import { html, useEffect, useRef, useState } from "../core/html.js";
import { announce, focusHeading } from "../core/announce.js";
import { call } from "../core/api.js";
import { Confirm } from "../parts/confirm.js";
import { Icon } from "../parts/icons.js";
import { hasEnded } from "../parts/status.js";

export function Actions({ job, onMoved }) {
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [isAsking, ask] = useState(false);
  const hasActed = useRef(false);
  useEffect(() => {
    // The button that was pressed may be gone by now.
    if (hasActed.current && document.activeElement === document.body) focusHeading();
    hasActed.current = false;
  }, [job.status]);
  const act = async (path, said) => {
    ask(false);
    if (busy) return;
    hasActed.current = true;
    setBusy(true);
    setProblem("");
    try {
      await call(path, { method: "POST" });
      announce(said);
      onMoved();
    } catch (error) {
      setProblem(error.message);
    }
    setBusy(false);
  };
  const url = `/api/v1/jobs/${job.job_id}`;
  const canRetry = job.status === "failed" || job.status === "cancelled";
  return html`<div class="actions">
    ${!hasEnded(job.status) && html`<button type="button" aria-disabled=${busy} onClick=${() => ask(true)}>
      <${Icon} name="cancelled" />Cancel
    </button>`}
    ${canRetry && html`<button type="button" aria-disabled=${busy} onClick=${() => act(`${url}/retry`, "Job goes on")}>
      <${Icon} name="retry" />Retry
    </button>`}
    ${hasEnded(job.status) && job.counts.failed > 0 && html`<button type="button" aria-disabled=${busy} onClick=${() => act(`${url}/retry?items=failed`, "Failed items are tried again")}>
      <${Icon} name="retry" />Retry failed items
    </button>`}
    <span class="problem" role="alert">${problem}</span>
    ${isAsking && html`<${Confirm}
      question="Cancel this job?"
      detail="It stops at once. A retry goes on from its last checkpoint."
      yes="Cancel the job"
      onYes=${() => act(`${url}/cancel`, "Job cancelled")}
      onNo=${() => ask(false)}
    />`}
  </div>`;
}
