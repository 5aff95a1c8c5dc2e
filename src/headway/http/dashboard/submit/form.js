// The form of one operation. It can be sent again after a broken connection: the same request
// under the same key makes one job.

import { html, useMemo, useRef, useState } from "../core/html.js";
import { announce } from "../core/announce.js";
import { call, freshKey } from "../core/api.js";
import { useLoad } from "../core/load.js";
import { go, usePlace } from "../core/router.js";
import { Field } from "./field.js";
import { fieldsOf, typedOf, valueOf } from "./schema.js";
import { TERMS, termsOf } from "./terms.js";
import { DropZone, upload } from "./upload.js";

const HANDLED = new Set(["file", "filename"]); // an import's file is dropped, not named

export function SubmitForm({ operation }) {
  const isImport = operation.job_type === "import_csv";
  const fields = useMemo(() => fieldsOf(operation.input_schema).filter(({ name }) => !(isImport && HANDLED.has(name))), [operation]);
  const { query } = usePlace();
  const [typed, setTyped] = useState(() => begun(fields, query));
  const [file, setFile] = useState(null);
  const [problems, setProblems] = useState({});
  const [sent, setSent] = useState(null); // null, or how much of the file has left
  const attempt = useRef({ said: "", key: "" });
  const names = useArtifacts(fields);
  const set = (name) => (value) => setTyped((known) => ({ ...known, [name]: value }));

  const submit = async (event) => {
    event.preventDefault();
    const read = readAll(fields, typed);
    setProblems(read.problems);
    if (Object.keys(read.problems).length) return focusFirst(event.target);
    setSent(0);
    try {
      const request = isImport ? { input: read.values } : { job_type: operation.job_type, input: read.values, ...termsOf(typed) };
      const id = await (isImport ? upload(request.input, file, keyOf(attempt, request, file), setSent) : submitted(request, keyOf(attempt, request)));
      announce("Job submitted");
      go(`#/jobs/${id}`);
    } catch (problem) {
      setSent(null);
      setProblems(problemsOf(problem, fields));
      focusFirst(event.target);
    }
  };

  return html`<form class="submit card" onSubmit=${submit} novalidate>
    ${isImport && html`<${DropZone} file=${file} onFile=${setFile} sent=${sent} />`}
    ${fields.map((field) => html`<${Field}
      key=${field.name}
      field=${field}
      value=${typed[field.name]}
      problem=${problems[field.name]}
      choices=${names[field.artifact]}
      onChange=${set(field.name)}
    />`)}
    ${!isImport && html`<details class="terms">
      <summary>When and how it runs</summary>
      ${TERMS.map((field) => html`<${Field} key=${field.name} field=${field} value=${typed[field.name]} problem=${problems[field.name]} onChange=${set(field.name)} />`)}
    </details>`}
    <p class="form-problem" role="alert">${problems[""] || ""}</p>
    <div class="buttons">
      <button class="primary" disabled=${sent !== null}>${sent === null ? "Submit job" : "Submitting …"}</button>
      <a class="button" href="#/jobs">Back to the jobs</a>
    </div>
  </form>`;
}

// What stands in the form at first: the defaults, or what the link that led here says.
function begun(fields, query) {
  const known = [...fields, ...TERMS].map((field) => [field.name, query.get(field.name) ?? typedOf(field)]);
  return Object.fromEntries(known);
}

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
      // What was left as it came is not sent: the service knows its defaults better.
      if (!field.isRequired && typed[field.name] === typedOf(field)) continue;
      const value = valueOf(field, typed[field.name]);
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

function focusFirst(form) {
  setTimeout(() => form.querySelector("[aria-invalid]")?.focus());
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
