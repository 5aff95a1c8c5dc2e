// Asks before something is done that cannot be taken back.

import { html, useEffect, useRef } from "../core/html.js";

export function Confirm({ question, detail, yes, onYes, onNo }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby="question" onCancel=${onNo} onClose=${onNo}>
    <h2 id="question">${question}</h2>
    <p>${detail}</p>
    <div class="buttons">
      <button type="button" onClick=${onNo}>Keep it</button>
      <button type="button" class="danger" onClick=${onYes}>${yes}</button>
    </div>
  </dialog>`;
}
