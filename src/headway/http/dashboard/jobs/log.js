// The lines that the operation wrote, the newest in sight as long as nobody goes back.

import { html, useLayoutEffect, useRef, useState } from "../core/html.js";
import { amount, clock } from "../core/format.js";
import { Turner } from "../parts/turner.js";

const PAGE = 500;

// `isQuiet` while what is written is not news.
export function Log({ lines, isQuiet }) {
  const box = useRef(null);
  const isAtEnd = useRef(true);
  const [chosen, choose] = useState(null); // where the page begins that one went back to
  const first = chosen ?? Math.max(0, lines.length - PAGE);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines.length, chosen]);
  if (!lines.length) return null;
  const turn = (start) => choose(start + PAGE < lines.length ? start : null);
  const onScroll = ({ target }) => {
    isAtEnd.current = target.scrollHeight - target.scrollTop - target.clientHeight < 24;
  };
  return html`<section class="card">
    <div class="card-heading">
      <h2 id="log">Log <span class="muted">${amount(lines.length, "line")}</span></h2>
      <${Turner} first=${first} size=${PAGE} total=${lines.length} turn=${turn} />
    </div>
    <div ref=${box} class="log" tabindex="0" role="log" aria-labelledby="log" aria-live=${isQuiet ? "off" : "polite"} onScroll=${onScroll}>
      ${lines.slice(first, first + PAGE).map((line) => html`<p key=${line.id} class="line level-${line.level}">
        <time datetime=${line.at}>${clock(line.at)}</time>
        <span class="level">${line.level}</span>
        <span>${line.message}</span>
      </p>`)}
    </div>
  </section>`;
}
