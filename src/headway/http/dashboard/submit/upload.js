// A file on its way in: dropped or chosen, and sent with a bar that shows how much has left.

import { html, useRef, useState } from "../core/html.js";
import { authorization, Problem, refused } from "../core/api.js";
import { bytes } from "../core/format.js";
import { Icon } from "../parts/icons.js";
import { Progress } from "../parts/progress.js";

export function DropZone({ file, onFile, isSending }) {
  const [isOver, setOver] = useState(false);
  const input = useRef(null);
  const over = (value) => (event) => {
    event.preventDefault();
    setOver(value && !isSending);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files.length && !isSending) onFile(event.dataTransfer.files[0]);
  };
  const choose = ({ target }) => {
    const [chosen] = target.files;
    target.value = ""; // or the same file could not be chosen again
    if (chosen) onFile(chosen);
  };
  return html`<div class="drop ${isOver ? "is-over" : ""}" onDragOver=${over(true)} onDragLeave=${over(false)} onDrop=${drop}>
    <${Icon} name="upload" />
    <p>${file ? html`<strong>${file.name}</strong> <span class="muted">${bytes(file.size)}</span>` : "Drop a CSV file here"}</p>
    <div class="buttons">
      <button type="button" disabled=${isSending} onClick=${() => input.current.click()}>${file ? "Choose another" : "Choose a file"}</button>
      ${file && html`<button type="button" class="quiet" disabled=${isSending} onClick=${() => onFile(null)}>Take it back</button>`}
    </div>
    <input ref=${input} class="unseen" type="file" tabindex="-1" aria-label="CSV file" accept=".csv,.tsv,.txt,text/csv" disabled=${isSending} onChange=${choose} />
    <p class="muted">${file ? "" : "Without a file the bundled sample is imported."}</p>
  </div>`;
}

// `24 % of 12 MiB`, beside the button that began it.
export function Sending({ file, sent }) {
  return html`<p class="sending"><${Progress} value=${Math.round(sent * 100)} status="running" name="Upload" /> of ${bytes(file.size)}</p>`;
}

// Send the file with its options; gives the id of the job that imports it. Not by `fetch`,
// which does not tell how much has left. An abort of the signal is an abort of the upload.
export function upload(options, file, key, onSent, signal) {
  const query = new URLSearchParams(Object.entries(options).map(([name, value]) => [name, String(value)]));
  const request = new XMLHttpRequest();
  request.open("POST", query.size ? `/imports?${query}` : "/imports");
  for (const [name, value] of Object.entries({ ...authorization(), "Idempotency-Key": key })) request.setRequestHeader(name, value);
  request.responseType = "json";
  request.upload.onprogress = (event) => onSent(event.loaded / event.total);
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(new Problem(0));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort());
    request.onload = () => (request.status === 202 ? resolve(request.response.task_id) : reject(refused(request.status, request.response)));
    request.send(bodyOf(file));
  });
}

function bodyOf(file) {
  if (!file) return null;
  const form = new FormData();
  form.append("file", file);
  return form;
}
