// When and how a job runs: the same for every operation.

export const TERMS = [
  term("priority", "Priority", "choice", "Urgent jobs run before all others.", { empty: "Default (normal)", choices: ["urgent", "high", "normal", "low"] }),
  term("run_at", "Not before", "text", "A moment such as 2030-01-31T18:00:00Z; without it, as soon as possible."),
  term("timeout", "Time limit", "number", "Seconds that an attempt may take.", { least: 0 }),
  term("max_attempts", "Attempts", "integer", "How often it may fail.", { least: 1, most: 100 }),
];

function term(name, title, kind, description, more = {}) {
  return { name, title, kind, description, isRequired: false, isNullable: true, given: null, artifact: null, ...more };
}
