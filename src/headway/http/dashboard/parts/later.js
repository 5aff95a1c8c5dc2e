// A page whose code is loaded when it is first shown.

import { html, useEffect, useState } from "../core/html.js";
import { Loading } from "./notice.js";

const loaded = new Map();

export function Later({ load, ...given }) {
  const [, setRound] = useState(0);
  const [failed, setFailed] = useState(false);
  const Page = loaded.get(load);
  useEffect(() => {
    if (loaded.has(load)) return;
    load().then(
      (module) => {
        loaded.set(load, module.default);
        setRound((known) => known + 1);
      },
      () => setFailed(true),
    );
  }, [load]);
  if (Page) return html`<${Page} ...${given} />`;
  if (!failed) return html`<${Loading} />`;
  return html`<div class="trouble" role="alert">
    <p>This part of the page could not be loaded. The service may have been renewed.</p>
    <button type="button" onClick=${() => location.reload()}>Load the page anew</button>
  </div>`;
}
