// How many jobs ended in each minute of the last hour.

import { html, useMemo } from "../core/html.js";
import { count } from "../core/format.js";
import { Chart } from "../parts/chart.js";

const WAYS = ["completed", "failed", "cancelled"];

export function Throughput({ minutes }) {
  const { x, lines } = useMemo(() => drawn(minutes), [minutes]);
  return html`<section class="card">
    <h2>Last hour</h2>
    <${Chart} title="Jobs ended" x=${x} lines=${lines} format=${count} xName="minute" isTime=${true} />
  </section>`;
}

const sum = (minutes, way) => minutes.reduce((known, minute) => known + minute[way], 0);

// The last minute has just begun: its numbers are none yet.
function drawn(minutes) {
  const whole = minutes.slice(0, -1);
  const lines = WAYS.map((way) => ({ name: way, status: way, values: whole.map((minute) => minute[way]), said: count(sum(whole, way)) }));
  return { x: whole.map((minute) => Date.parse(minute.at) / 1000), lines };
}
