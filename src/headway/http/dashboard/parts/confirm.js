// Asks before something is done that cannot be taken back.

import { html, useEffect, useRef } from "../core/html.js";

// However it is answered, the dialog is closed first: that gives the focus back to what had it, and
// taking it away does not. It is answered once: the browser says that it is closed a moment later,
// when the same question may have been asked again.
export function Confirm({ question, detail, yes, onYes, onNo }) {
  const dialog = useRef(null);
  const isAnswered = useRef(false);
  const answer = (act) => {
    if (isAnswered.current) return;
    isAnswered.current = true;
    dialog.current.close();
    act();
  };
  const escape = (event) => {
    event.preventDefault();
    answer(onNo);
  };
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="question" onCancel=${escape} onClose=${() => answer(onNo)}>
    <h2 id="question">${question}</h2>
    <p>${detail}</p>
    <div class="buttons">
      <button type="button" onClick=${() => answer(onNo)}>Keep it</button>
      <button type="button" class="danger" onClick=${() => answer(onYes)}>${yes}</button>
    </div>
  </dialog>`;
}
