// Curves over steps or time, drawn by uPlot, which is loaded when the first is shown. What the eye
// sees is also there as a sentence and as a table.

import { html, useEffect, useId, useRef, useState } from "../core/html.js";
import { shade } from "../core/theme.js";
import { useTopic } from "../core/topic.js";
import { Turner } from "./turner.js";

const HEIGHT = 190;
export const EIGHT = 8;
const COLOURS = 4;
const ROWS = 100; // of the numbers, at a time
const AGAIN = 1_000;
const LONGEST_WAIT = 60_000;
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000];
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const hour = (seconds) => HOUR.format(new Date(seconds * 1000));

// `lines`: [{ name, values, said, status }], one value or null for every x; `said` stands in the
// legend in place of the last value, and a line of a `status` has its colour. More than EIGHT
// lines nobody tells apart: that many have a colour or a dash of their own.
export function Chart({ title, x, lines, format, xName = "step", isTime = false }) {
  const id = useId();
  const [hasNumbers, showNumbers] = useState(false);
  return html`<figure class="chart" aria-labelledby=${id}>
    <figcaption id=${id}>
      <span class="chart-title">${title}</span>
      ${lines.map(({ name, values, said, status }, index) => html`<span class="legend" key=${name}>
        <span class="swatch ${status ? `for-${status}` : `series-${index % COLOURS}`} ${isDashed(index) ? "dashed" : ""}" aria-hidden="true"></span>${name}
        <strong>${said ?? lastOf(values, format)}</strong>
      </span>`)}
    </figcaption>
    <${Drawing} x=${x} lines=${lines} format=${format} isTime=${isTime} label=${sentence(title, x, lines, format, xName)} />
    <details class="chart-numbers" onToggle=${(event) => showNumbers(event.target.open)}>
      <summary>Numbers</summary>
      ${hasNumbers && html`<${Numbers} x=${x} lines=${lines} format=${format} xName=${xName} isTime=${isTime} />`}
    </details>
  </figure>`;
}

const isDashed = (index) => index >= COLOURS;

function lastOf(values, format) {
  const last = values.findLast((value) => value !== null);
  return last === undefined ? "–" : format(last);
}

function sentence(title, x, lines, format, xName) {
  const said = lines.map(({ name, values, said: known }) => `${name} ${known ?? lastOf(values, format)}`).join(", ");
  return `${title}: ${said}, after ${x.length} ${xName}s`;
}

let library = null;

// The library, for all charts. While the service is away it is asked for again, at another address:
// a browser may remember for good that a module could not be loaded.
async function loadLibrary(failures = 0) {
  try {
    return (await import(`../vendor/uplot.js${failures ? `?again=${failures}` : ""}`)).default;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, Math.min(AGAIN * 2 ** failures, LONGEST_WAIT)));
    return loadLibrary(failures + 1);
  }
}

function Drawing({ x, lines, format, isTime, label }) {
  const place = useRef(null);
  const plot = useRef(null);
  const newest = useRef(null); // more may come until the library is there
  newest.current = dataOf(x, lines);
  const isDark = useTopic(shade);
  const names = lines.map(({ name }) => name).join();
  useEffect(() => {
    const element = place.current;
    let isGone = false;
    library ??= loadLibrary();
    library.then((Plot) => {
      if (isGone) return;
      plot.current = new Plot(options(element, lines, format, isTime), newest.current, element);
    });
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      isGone = true;
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names, isDark]);
  useEffect(() => plot.current?.setData(dataOf(x, lines)), [x, lines]);
  return html`<div class="drawing" ref=${place} role="img" aria-label=${label}></div>`;
}

const dataOf = (x, lines) => [x, ...lines.map(({ values }) => values)];

function options(place, lines, format, isTime) {
  const style = getComputedStyle(place);
  const axis = { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { show: false }, font: `11px ${style.fontFamily}` };
  const swatches = place.closest("figure").querySelectorAll(".swatch");
  return {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    padding: [8, isTime ? 28 : 8, 0, 0], // half of the last tick's word stands there
    scales: { x: { time: isTime }, ...(isTime ? { y: { range: (_plot, _least, most) => [0, Math.max(5, most * 1.1)] } } : {}) },
    axes: [
      { ...axis, size: 26, grid: { show: false }, incrs: isTime ? [300, 600, 900] : WHOLE, ...(isTime ? { values: (_plot, ticks) => ticks.map(hour) } : {}) },
      { ...axis, size: 54, ...(isTime ? { incrs: WHOLE } : {}), values: (_plot, ticks) => ticks.map((tick) => tickOf(tick, format)) },
    ],
    series: [{}, ...lines.map(({ name }, index) => seriesOf(name, getComputedStyle(swatches[index]).color, isDashed(index)))],
  };
}

// Ticks lie close together: they need the digits that tell them apart.
function tickOf(tick, format) {
  return format(1).endsWith("%") ? `${Number((tick * 100).toPrecision(4))} %` : String(Number(tick.toPrecision(4)));
}

function seriesOf(label, stroke, dashed) {
  return { label, stroke, width: 1.75, dash: dashed ? [6, 4] : [], spanGaps: true, points: { show: (plot) => plot.data[0].length < 40, size: 4, fill: stroke } };
}

function Numbers({ x, lines, format, xName, isTime }) {
  const shown = isTime ? hour : String;
  const [first, turn] = useState(0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Numbers"><table class="numbers">
    <thead><tr><th scope="col">${xName}</th>${lines.map(({ name }) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
    <tbody>${x.slice(first, first + ROWS).map((step, row) => html`<tr key=${step}>
      <th scope="row">${shown(step)}</th>
      ${lines.map(({ name, values }) => html`<td key=${name}>${values[first + row] === null ? "–" : format(values[first + row])}</td>`)}
    </tr>`)}</tbody>
  </table></div>
  <${Turner} first=${first} size=${ROWS} total=${x.length} turn=${turn} />`;
}
