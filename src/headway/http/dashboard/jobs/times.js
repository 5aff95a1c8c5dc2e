// How long a job took, or still takes.

import { html } from "../core/html.js";
import { useNow } from "../core/clock.js";
import { clock, duration, exact } from "../core/format.js";
import { hasEnded } from "../parts/status.js";

// Seconds that the job has been running, or ran; null before it starts.
function seconds(job, now) {
  if (!job.started_at) return null;
  const end = job.completed_at ? Date.parse(job.completed_at) : now;
  return Math.max(0, (end - Date.parse(job.started_at)) / 1000);
}

export function Elapsed({ job }) {
  const now = useNow();
  const found = seconds(job, now);
  return found === null ? "" : duration(found);
}

// What is left, as the service estimates it: a range, or nothing while nothing is known.
export function Left({ job }) {
  if (hasEnded(job.status)) return "";
  const isInLine = job.status === "pending" && job.queue_position;
  const left = job.eta_seconds ? leftWords(job.eta_seconds) : "–";
  return isInLine ? html`#${job.queue_position} in line<br />${left}` : left;
}

function leftWords({ low, high }) {
  const [least, most] = [duration(Math.ceil(low)), duration(Math.ceil(high))];
  return least === most ? `~ ${most}` : `${least} – ${most}`;
}

export function When({ moment }) {
  if (!moment) return "–";
  return html`<time datetime=${moment} title=${exact(moment)}>${clock(moment)}</time>`;
}
