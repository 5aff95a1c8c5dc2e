// Line drawings, 16 by 16, in the colour of the text beside them.

import { html } from "../core/html.js";

const PATHS = {
  pending: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.3 1.6",
  running: "M5 3.2v9.6L12.6 8z",
  completed: "M2.8 8.6l3.4 3.4 7-7.6",
  failed: "M4 4l8 8M12 4l-8 8",
  cancelled: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M3.8 12.2l8.4-8.4",
  plus: "M8 3v10M3 8h10",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.4 10.4L14 14",
  retry: "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3",
  back: "M9.5 3L4.5 8l5 5",
  next: "M6.5 3l5 5-5 5",
  upload: "M8 11V3M4.8 6L8 2.8 11.2 6M2.5 11v2.5h11V11",
  theme: "M8 1.8a6.2 6.2 0 1 0 0 12.4zM8 1.8a6.2 6.2 0 0 1 0 12.4",
  jobs: "M2.5 4h6M2.5 8h11M2.5 12h8.5",
  datasets: "M2.5 3.5h11v9h-11zM2.5 6.7h11M2.5 9.6h11M6.3 6.7v5.8",
  models: "M8 1.8l5.5 3.1v6.2L8 14.2l-5.5-3.1V4.9zM2.5 4.9L8 8l5.5-3.1M8 8v6.2",
  workers: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  api: "M5.5 4L2 8l3.5 4M10.5 4L14 8l-3.5 4",
  out: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
};

export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d=${PATHS[name]} />
  </svg>`;
}
