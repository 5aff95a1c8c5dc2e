// The metrics of a job as curves: what is alike shares a chart. One point is no curve, but a figure.

import { html, useMemo } from "../core/html.js";
import { figure, percent, words } from "../core/format.js";
import { isShare, measured } from "../core/measures.js";
import { Chart, EIGHT } from "../parts/chart.js";

export function Curves({ metrics }) {
  const charts = useMemo(() => chartsOf(metrics), [metrics]);
  if (!charts.length) return null;
  if (charts[0].x.length === 1) return html`<${Figures} values=${Object.assign({}, ...metrics.map((one) => one.values))} />`;
  return html`<section class="card">
    <h2>Curves</h2>
    <div class="charts">
      ${charts.map((chart) => html`<${Chart} key=${chart.title} ...${chart} />`)}
    </div>
  </section>`;
}

function Figures({ values }) {
  return html`<section class="card">
    <h2>Figures</h2>
    <dl class="figures outcome">
      ${Object.entries(values).map(([name, value]) => html`<div key=${name}><dt>${words(name)}</dt><dd>${measured(name, value)}</dd></div>`)}
    </dl>
  </section>`;
}

function chartsOf(metrics) {
  const steps = new Map();
  const names = new Set();
  metrics.forEach(({ step, values }, index) => {
    const at = step ?? index + 1;
    steps.set(at, Object.assign(steps.get(at) || {}, values)); // a step may be told in several calls
    for (const name in values) names.add(name);
  });
  const x = [...steps.keys()].sort((one, other) => one - other);
  return [...grouped(names)].map(([title, members]) => ({
    title,
    x,
    format: isShare(members[0]) ? (value) => percent(value) : figure,
    lines: members.map((name) => ({ name: words(name), values: x.map((step) => steps.get(step)[name] ?? null) })),
  }));
}

function titleOf(name) {
  if (isShare(name)) return "Accuracy";
  return name.split("_").includes("loss") ? "Loss" : words(name);
}

// What is alike, and of that as many as one chart can bear.
function grouped(names) {
  const groups = new Map();
  for (const name of names) {
    const alike = titleOf(name);
    let title = alike;
    for (let number = 2; groups.get(title)?.length === EIGHT; number += 1) title = `${alike}, chart ${number}`;
    groups.set(title, [...(groups.get(title) || []), name]);
  }
  return groups;
}
