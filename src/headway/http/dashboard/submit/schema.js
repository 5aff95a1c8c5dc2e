// What a JSON Schema says about a field, in the few words that a form needs.

import { words } from "../core/format.js";

// The fields of an operation's input, those that must be filled in first.
export function fieldsOf(schema) {
  const required = new Set(schema.required || []);
  const fields = Object.entries(schema.properties || {}).map(([name, part]) => fieldOf(name, part, schema, required.has(name)));
  return fields.sort((one, other) => rank(one) - rank(other));
}

// Required ones, then those that name what to work on, then the others in their own order.
function rank({ isRequired, artifact, kind }) {
  if (isRequired) return 0;
  if (artifact || kind === "lines") return 1;
  return kind === "json" ? 3 : 2;
}

function fieldOf(name, part, root, isRequired) {
  const own = resolved(part, root);
  const { others, isNullable } = withoutNull(own, root);
  const inner = others[0] || {};
  const given = own.default ?? inner.default;
  return {
    name,
    title: words(name),
    description: own.description || inner.description || "",
    isRequired,
    isNullable,
    given: given === undefined ? null : given,
    artifact: inner["x-artifact"] || null,
    example: own.examples?.[0] ?? inner.examples?.[0],
    ...(others.length > 1 ? mixtureOf(others) : shapeOf(inner, root)),
  };
}

function resolved(part, root) {
  if (!part.$ref) return part;
  const target = part.$ref.replace(/^#\//, "").split("/").reduce((found, step) => found?.[step], root);
  return { ...target, ...part };
}

// `anyOf: [X, null]` is an X that may be left out.
function withoutNull(part, root) {
  if (!part.anyOf) return { others: [part], isNullable: false };
  const options = part.anyOf.map((option) => resolved(option, root));
  const others = options.filter((option) => option.type !== "null");
  return { others, isNullable: others.length < options.length };
}

// What may be of several types: values to choose from, and whatever else there is as JSON.
function mixtureOf(options) {
  const choices = options.flatMap((option) => (option.const === undefined ? option.enum || [] : [option.const]));
  const isOpen = options.some((option) => option.const === undefined && !option.enum);
  if (!choices.length) return { kind: "json", isList: false };
  return { kind: isOpen ? "open" : "choice", choices };
}

function shapeOf(inner, root) {
  const { type } = inner;
  if (inner.const !== undefined) return { kind: "choice", choices: [inner.const] };
  if (inner.enum) return { kind: "choice", choices: inner.enum };
  if (type === "boolean") return { kind: "boolean" };
  if (type === "integer" || type === "number") return { kind: type, ...boundsOf(inner) };
  if (type === "string") return { kind: "text", longest: inner.maxLength };
  if (type === "array" && resolved(inner.items || {}, root).type === "string") return { kind: "lines", most: inner.maxItems };
  return { kind: "json", isList: type === "array" };
}

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
  return { least: minimum ?? exclusiveMinimum, most: maximum ?? exclusiveMaximum };
}

// What the user typed as the value that the API takes; undefined when there is nothing to send.
// Throws an error that says what was expected.
export function valueOf(field, typed) {
  if (field.kind === "boolean" && !field.isNullable) return typed;
  if (typed === "" || typed === null || typed === undefined) return undefined;
  if (field.kind === "boolean") return typed === "true";
  if (field.kind === "integer" || field.kind === "number") return numberOf(field, typed);
  if (field.kind === "lines") return typed.split("\n").filter((line) => line.trim());
  if (field.kind === "choice") return chosenOf(field, typed);
  if (field.kind === "open") return chosenOf(field, typed) ?? jsonOf(typed);
  return field.kind === "json" ? jsonOf(typed) : typed;
}

const chosenOf = ({ choices }, typed) => choices.find((choice) => String(choice) === typed);

function numberOf(field, typed) {
  const number = Number(typed);
  if (Number.isNaN(number)) throw new Error("Expected a number.");
  if (field.kind === "integer" && !Number.isInteger(number)) throw new Error("Expected a whole number.");
  return number;
}

function jsonOf(typed) {
  try {
    return JSON.parse(typed);
  } catch (error) {
    throw new Error(`Expected JSON: ${error.message}`);
  }
}

// What stands in the field before anybody types.
export function typedOf({ given, kind, isNullable }) {
  if (kind === "boolean" && !isNullable) return Boolean(given);
  if (given === null) return "";
  if (kind === "lines") return given.join("\n");
  return kind === "json" || typeof given === "object" ? JSON.stringify(given, null, 2) : String(given);
}
