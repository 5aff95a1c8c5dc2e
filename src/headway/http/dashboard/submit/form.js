// The form of one operation. It can be sent again after a broken connection: the same request
// under the same key makes one job.

import { html, useEffect, useMemo, useRef, useState } from "../core/html.js";
import { announce } from "../core/announce.js";
import { call, freshKey } from "../core/api.js";
import { useLoad } from "../core/load.js";
import { go, usePlace } from "../core/router.js";
import { Field } from "./field.js";
import { fieldsOf, typedOf, valueOf } from "./schema.js";
import { TERMS } from "./terms.js";
import { DropZone, Sending, upload } from "./upload.js";

const READING = new Set(["format", "delimiter", "quote", "escape", "encoding", "has_header"]);
const HANDLED = new Set(["file", "filename"]); // an import's file is dropped, not named

export function SubmitForm({ operation }) {
  const isImport = operation.job_type === "import_csv";
  const fields = useMemo(() => fieldsOf(operation.input_schema).filter(({ name }) => !(isImport && HANDLED.has(name))), [operation]);
  const { query } = usePlace();
  const [typed, setTyped] = useState(() => begun(fields, query));
  const [file, setFile] = useState(null);
  const [problems, setProblems] = useState({});
  const [sent, setSent] = useState(null); // null, or how much of the file has left
  const sending = useRef(new AbortController());
  useEffect(() => () => sending.current.abort(), []); // whoever has left is not called back
  const attempt = useRef({ said: "", key: "" });
  const names = useArtifacts(fields);
  const set = (name) => (value) => setTyped((known) => ({ ...known, [name]: value }));

  const submit = async (event) => {
    event.preventDefault();
    const read = readAll(fields, typed);
    const terms = readAll(isImport ? [] : TERMS, typed);
    const mistakes = { ...read.problems, ...terms.problems };
    setProblems(mistakes);
    if (Object.keys(mistakes).length) return showFirst(event.target);
    setSent(0);
    const { signal } = (sending.current = new AbortController());
    try {
      const request = isImport ? { input: read.values } : { job_type: operation.job_type, input: read.values, ...terms.values };
      const id = await (isImport ? upload(request.input, file, keyOf(attempt, request, file), setSent, signal) : submitted(request, keyOf(attempt, request)));
      announce("Job submitted");
      if (!signal.aborted) go(`#/jobs/${id}`);
    } catch (problem) {
      setSent(null);
      if (signal.aborted) return;
      setProblems(problemsOf(problem, fields));
      showFirst(event.target);
    }
  };

  const shown = (field) => html`<${Field}
    key=${field.name}
    field=${field}
    value=${shownOf(field, typed)}
    problem=${problems[field.name]}
    choices=${names[field.artifact]}
    onChange=${set(field.name)}
  />`;
  const isReading = ({ name }) => isImport && READING.has(name); // mostly found out by itself
  const isUploading = sent !== null && file !== null;
  const cancel = () => {
    sending.current.abort();
    announce("Upload cancelled");
  };

  return html`<form class="submit card" onSubmit=${submit} novalidate>
    ${isImport && html`<${DropZone} file=${file} onFile=${setFile} isSending=${sent !== null} />`}
    ${fields.filter((field) => !isReading(field)).map(shown)}
    <details class="terms">
      <summary>${isImport ? "More options" : "When and how it runs"}</summary>
      ${(isImport ? fields.filter(isReading) : TERMS).map(shown)}
    </details>
    <p class="form-problem" role="alert">${problems[""] || ""}</p>
    ${isUploading && html`<${Sending} file=${file} sent=${sent} />`}
    <div class="buttons">
      <button class="primary" disabled=${sent !== null}>${sent === null ? "Submit job" : "Submitting …"}</button>
      ${isUploading ? html`<button type="button" onClick=${cancel}>Cancel upload</button>` : html`<a class="button" href="#/jobs">Back to the jobs</a>`}
    </div>
  </form>`;
}

// What is filled in at first: what the link that led here says.
function begun(fields, query) {
  const said = [...fields, ...TERMS].filter(({ name }) => query.has(name));
  return Object.fromEntries(said.map(({ name }) => [name, query.get(name)]));
}

const shownOf = (field, typed) => typed[field.name] ?? typedOf(field);

async function submitted(request, key) {
  const { data } = await call("/api/v1/jobs", { method: "POST", body: request, headers: { "Idempotency-Key": key } });
  return data.job_id;
}

// The same key for the same request, a fresh one for any other.
function keyOf(attempt, request, file = null) {
  const said = JSON.stringify([request, file && [file.name, file.size, file.lastModified]]);
  if (attempt.current.said !== said) attempt.current = { said, key: freshKey() };
  return attempt.current.key;
}

function readAll(fields, typed) {
  const values = {};
  const problems = {};
  for (const field of fields) {
    try {
      // What nobody touched is not sent: the service knows its defaults better.
      if (!field.isRequired && !(field.name in typed)) continue;
      const value = valueOf(field, shownOf(field, typed));
      if (value !== undefined) values[field.name] = value;
      else if (field.isRequired) problems[field.name] = "This is needed.";
    } catch (error) {
      problems[field.name] = error.message;
    }
  }
  return { values, problems };
}

// Each mistake beside the field it points to; what points to none stands below all.
function problemsOf(problem, fields) {
  const known = new Set([...fields, ...TERMS].map(({ name }) => name));
  const found = {};
  for (const { pointer, detail } of problem.errors || []) {
    const name = pointer.split("/").find((step) => known.has(step)) || "";
    found[name] = found[name] ? `${found[name]}; ${detail}` : detail;
  }
  return Object.keys(found).length ? found : { "": problem.message };
}

// None may stay hidden in a part that is closed.
function showFirst(form) {
  setTimeout(() => {
    for (const part of form.querySelectorAll("details:has([aria-invalid])")) part.open = true;
    form.querySelector("[aria-invalid]")?.focus();
  });
}

// The names of what there is, for the fields that name something.
function useArtifacts(fields) {
  const needs = (kind) => fields.some((field) => field.artifact === kind);
  const datasets = useLoad(needs("dataset") ? "/api/v1/datasets" : null);
  const models = useLoad(needs("model") ? "/api/v1/models" : null);
  return { dataset: namesOf(datasets.data), model: namesOf(models.data) };
}

function namesOf(found) {
  return [...new Set((found || []).flatMap(({ name, reference }) => [name, reference]))];
}
