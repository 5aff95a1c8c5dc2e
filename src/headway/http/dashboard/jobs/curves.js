// The metrics of a job as curves: what is alike shares a chart.

import { html, useMemo } from "../core/html.js";
import { figure, percent, words } from "../core/format.js";
import { Chart } from "../parts/chart.js";

const KINDS = [
  ["Loss", /loss/],
  ["Accuracy", /accuracy|f1|precision|recall/],
];

export function Curves({ metrics }) {
  const charts = useMemo(() => chartsOf(metrics), [metrics]);
  if (!charts.length) return null;
  return html`<section class="card">
    <h2>Curves</h2>
    <div class="charts">
      ${charts.map((chart) => html`<${Chart} key=${chart.title} ...${chart} />`)}
    </div>
  </section>`;
}

function chartsOf(metrics) {
  const steps = new Map(metrics.map((metric, index) => [metric.step ?? index + 1, metric.values]));
  const x = [...steps.keys()].sort((one, other) => one - other);
  const names = new Set(metrics.flatMap((metric) => Object.keys(metric.values)));
  const groups = grouped(names);
  return [...groups].map(([title, members]) => ({
    title,
    x,
    format: title === "Accuracy" ? (value) => percent(value) : figure,
    lines: [...members].map((name) => ({ name: words(name), values: x.map((step) => steps.get(step)[name] ?? null) })),
  }));
}

function titleOf(name) {
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0] || words(name);
}

function grouped(names) {
  const groups = new Map();
  for (const name of names) groups.set(titleOf(name), [...(groups.get(titleOf(name)) || []), name]);
  return groups;
}
