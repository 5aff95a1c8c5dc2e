// Asks before something is done that cannot be taken back.

import { html, useEffect, useRef } from "../core/html.js";

// However it is answered, the dialog is closed first: that gives the focus back to what had it, and
// taking it away does not.
export function Confirm({ question, detail, yes, onYes, onNo }) {
  const dialog = useRef(null);
  const close = () => dialog.current.close();
  const agree = () => {
    close();
    onYes();
  };
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="question" onClose=${onNo}>
    <h2 id="question">${question}</h2>
    <p>${detail}</p>
    <div class="buttons">
      <button type="button" onClick=${close}>Keep it</button>
      <button type="button" class="danger" onClick=${agree}>${yes}</button>
    </div>
  </dialog>`;
}
