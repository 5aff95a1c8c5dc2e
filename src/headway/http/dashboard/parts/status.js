// A job's state as a picture and a word: the colour only repeats what both say.

import { html } from "../core/html.js";
import { Icon } from "./icons.js";

export const STATES = ["pending", "running", "completed", "failed", "cancelled"];

const WORDS = {
  pending: "Waiting",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const wordOf = (status) => WORDS[status] || status;
export const hasEnded = (status) => status !== "pending" && status !== "running";

export function Status({ status }) {
  return html`<span class="status is-${status}">
    <${Icon} name=${status} />${wordOf(status)}
  </span>`;
}
