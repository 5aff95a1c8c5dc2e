// A JSON Schema as lines that people read: a field, what it is, what it is for.

const DEEPEST = 4;

export function linesOf(schema, root, depth = 0) {
  const { part } = opened(schema, root);
  if (depth > DEEPEST || !part) return [];
  const required = new Set(part.required || []);
  return Object.entries(part.properties || {}).flatMap(([name, field]) => {
    const inner = opened(field, root);
    const line = { name, depth, type: inner.type, about: field.description || inner.part.description || "", isRequired: required.has(name) };
    return [line, ...linesOf(innermost(inner.part, root), root, depth + 1)];
  });
}

function innermost(part, root) {
  if (part.type === "array") return innermost(opened(part.items || {}, root).part, root);
  return (part.anyOf || []).map((option) => opened(option, root).part).find((option) => option.properties) || part;
}

function opened(schema, root) {
  const part = resolved(schema, root);
  return { part, type: typeOf(part, root) };
}

function resolved(schema, root) {
  if (!schema?.$ref) return schema || {};
  return schema.$ref.replace(/^#\//, "").split("/").reduce((found, step) => found?.[step], root) || {};
}

export function typeOf(schema, root) {
  const part = resolved(schema, root);
  if (part.anyOf) return [...new Set(part.anyOf.map((option) => typeOf(option, root)))].join(" | ");
  if (part.const !== undefined) return JSON.stringify(part.const);
  if (part.enum) return part.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (part.type === "array") return `list of ${typeOf(part.items || {}, root)}`;
  return part.format === "binary" ? "file" : part.format || part.type || "anything";
}

// A body to begin with: the example that the API gives, else the fields that must be there.
export function exampleOf(content, root) {
  if (content.example !== undefined) return content.example;
  const part = resolved(content.schema, root);
  const fields = Object.entries(part.properties || {}).filter(([name, field]) => part.required?.includes(name) || field.examples);
  return Object.fromEntries(fields.map(([name, field]) => [name, field.examples?.[0] ?? field.default ?? ""]));
}
