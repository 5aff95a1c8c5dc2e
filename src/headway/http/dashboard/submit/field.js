// One field of a form, made from what the schema says.

import { html, useId, useState } from "../core/html.js";
import { words } from "../core/format.js";
import { Prose } from "../parts/prose.js";

export function Field({ field, value, problem, choices, onChange }) {
  const id = useId();
  const described = [field.description && `${id}-about`, problem && `${id}-problem`].filter(Boolean).join(" ");
  const given = {
    id,
    name: field.name,
    required: field.isRequired,
    "aria-describedby": described || undefined,
    "aria-invalid": problem ? "true" : undefined,
  };
  return html`<div class="field kind-${field.kind}">
    <label for=${id}>${field.title}${field.isRequired && html` <span class="muted">needed</span>`}</label>
    <${Control} field=${field} given=${given} value=${value} choices=${choices} onChange=${onChange} />
    ${field.description && html`<p class="about" id="${id}-about"><${Prose} text=${aboutOf(field)} /></p>`}
    ${problem && html`<p class="field-problem" id="${id}-problem">${problem}</p>`}
  </div>`;
}

function Control({ field, given, value, choices, onChange }) {
  const typed = (event) => onChange(event.target.value);
  if (field.kind === "boolean" && !field.isNullable) {
    return html`<input ...${given} required=${false} type="checkbox" checked=${value} onChange=${(event) => onChange(event.target.checked)} />`;
  }
  if (field.kind === "boolean") return html`<${Choice} field=${field} given=${given} value=${value} choices=${["true", "false"]} names=${{ true: "Yes", false: "No" }} onInput=${typed} />`;
  if (field.kind === "choice") return html`<${Choice} field=${field} given=${given} value=${value} choices=${field.choices.map(String)} names=${NAMES} onInput=${typed} />`;
  if (field.kind === "open") return html`<${OpenChoice} field=${field} given=${given} value=${value} onChange=${onChange} />`;
  if (field.kind === "lines") return html`<textarea ...${given} rows="5" placeholder="One per line" value=${value} onInput=${typed}></textarea>`;
  if (field.kind === "json") return html`<textarea ...${given} rows="4" spellcheck="false" placeholder=${exampleOf(field)} value=${value} onInput=${typed}></textarea>`;
  if (field.kind === "text") return html`<${Text} field=${field} given=${given} value=${value} choices=${choices} onInput=${typed} />`;
  return html`<${Figure} field=${field} given=${given} value=${value} onChange=${onChange} />`;
}

// What is no number, such as a half typed `1e`, has no value: it is told as NaN, to be refused.
function Figure({ field, given, value, onChange }) {
  const typed = ({ target }) => onChange(target.validity.badInput ? NaN : target.value);
  return html`<input ...${given} type="number" step=${field.kind === "integer" ? 1 : "any"} min=${field.least} max=${field.most} placeholder=${field.given ?? ""} value=${Number.isNaN(value) ? "" : value} onInput=${typed} />`;
}

function exampleOf({ example, isList }) {
  if (example !== undefined) return JSON.stringify(example, null, 1);
  return isList ? '[{"…": "…"}]' : '{"…": "…"}';
}

const OTHER = "other, as JSON"; // neither a choice of any field nor JSON
const NAMES = { ",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar", '"': 'Double quote "', "'": "Single quote '", "\\": "Backslash \\", [OTHER]: "Other, as JSON" };

// One of the choices, or anything else in a field of its own.
function OpenChoice({ field, given, value, onChange }) {
  const choices = field.choices.map(String);
  const [isOther, setOther] = useState(value !== "" && !choices.includes(value));
  const choose = ({ target }) => {
    setOther(target.value === OTHER);
    onChange(target.value === OTHER ? "{}" : target.value);
  };
  const { "aria-invalid": isInvalid, ...chooser } = given;
  return html`
    <${Choice} field=${field} given=${isOther ? chooser : given} value=${isOther ? OTHER : value} choices=${[...choices, OTHER]} names=${NAMES} onInput=${choose} />
    ${isOther && html`<textarea
      aria-label=${`${field.title} as JSON`}
      aria-describedby=${given["aria-describedby"]}
      aria-invalid=${isInvalid}
      rows="4"
      spellcheck="false"
      placeholder=${exampleOf(field)}
      value=${value}
      onInput=${({ target }) => onChange(target.value)}
    ></textarea>`}
  `;
}

function Choice({ field, given, value, choices, names, onInput }) {
  return html`<select ...${given} value=${value} onChange=${onInput}>
    ${(field.given === null || value === "") && html`<option value="">${field.empty || (field.isRequired ? "Choose one" : "Automatic")}</option>`}
    ${choices.map((choice) => html`<option key=${choice} value=${choice}>${names[choice] || words(choice)}</option>`)}
  </select>`;
}

function Text({ field, given, value, choices, onInput }) {
  const list = choices?.length ? `${given.id}-list` : undefined;
  return html`
    <input ...${given} type="text" list=${list} maxlength=${field.longest} autocomplete="off" spellcheck="false" value=${value} onInput=${onInput} />
    ${list && html`<datalist id=${list}>${choices.map((choice) => html`<option key=${choice} value=${choice}></option>`)}</datalist>`}
  `;
}

function aboutOf({ description, least, most }) {
  if (least === undefined || most === undefined || most > 1e12) return description;
  return `${description} ${least} to ${most}.`;
}
