// The lines that the operation wrote, the newest in sight as long as nobody scrolls back.

import { html, useLayoutEffect, useRef, useState } from "../core/html.js";
import { clock, count } from "../core/format.js";

const SHOWN = 500;

export function Log({ lines, isLive }) {
  const box = useRef(null);
  const isAtEnd = useRef(true);
  const [isWhole, showWhole] = useState(false);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length]);
  if (!lines.length) return null;
  const shown = isWhole ? lines : lines.slice(-SHOWN);
  const onScroll = ({ target }) => {
    isAtEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < 24;
  };
  return html`<section class="card">
    <h2 id="log">Log <span class="muted">${count(lines.length)} ${lines.length === 1 ? "line" : "lines"}</span></h2>
    ${shown.length < lines.length && html`<button type="button" onClick=${() => showWhole(true)}>Show all lines</button>`}
    <div ref=${box} class="log" tabindex="0" role="log" aria-labelledby="log" aria-live=${isLive ? "polite" : "off"} onScroll=${onScroll}>
      ${shown.map((line) => html`<p key=${line.id} class="line level-${line.level}">
        <time datetime=${line.at}>${clock(line.at)}</time>
        <span class="level">${line.level}</span>
        <span>${line.message}</span>
      </p>`)}
    </div>
  </section>`;
}
