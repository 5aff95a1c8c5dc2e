// Calls of the API, the same that every client has.

import { learn } from "./clock.js";
import { session, signOut } from "./session.js";

// Nobody there, too much asked at once, or a proxy whose service is away: it may pass.
const PASSING = new Set([0, 429, 502, 503, 504]);
const LONGEST_WAIT = 60; // seconds: nobody looks at a page that does nothing for longer

// An error that the API told, or that kept it from telling anything.
export class Problem extends Error {
  constructor(status, document = {}, headers = null) {
    super(document.detail || reasonOf(status));
    this.status = status;
    this.code = document.code || "";
    this.errors = document.errors || [];
    // Milliseconds until the service wants to be asked again, if it has said so.
    this.wait = 1000 * Math.min(Number(headers?.get("Retry-After")) || 0, LONGEST_WAIT);
  }

  // True when the same call may succeed later without a change.
  get passing() {
    return PASSING.has(this.status);
  }
}

function reasonOf(status) {
  return status === 0 || status > 501 ? "The service cannot be reached." : `The service answered with ${status}.`;
}

export function authorization() {
  return session.value ? { Authorization: `Bearer ${session.value.token}` } : {};
}

// The answer's headers and its JSON. Throws a Problem for everything that is no success.
export async function call(path, { method = "GET", body, headers = {}, signal } = {}) {
  const asked = { ...authorization(), ...headers };
  if (body !== undefined) asked["Content-Type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const answer = await reach(path, { method, headers: asked, body: sent, signal });
  learn(answer.headers.get("Date"));
  const text = await answer.text().catch(() => null);
  if (text === null) throw new Problem(0);
  const data = parsed(text);
  if (answer.ok) return { data, headers: answer.headers };
  throw refused(answer.status, data, answer.headers);
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function refused(status, document, headers) {
  if (status === 401) signOut("Your session has ended. Sign in again.");
  return new Problem(status, typeof document === "object" && document ? document : {}, headers);
}

// The address of the next page, as the Link header has it.
export function nextPage(headers) {
  return /<([^>]+)>;\s*rel="next"/.exec(headers.get("Link") || "")?.[1] || null;
}

// A name for a request, under which it can be sent again without being done twice.
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
