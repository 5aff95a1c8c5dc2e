// Who is signed in. The token lives in this tab alone, and never stands in an address.

import { Topic } from "./topic.js";

const KEY = "headway.session";

export const session = new Topic(kept());
export const farewell = new Topic("");

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY));
    return found && found.expiresAt > Date.now() ? found : null;
  } catch {
    return null; // storage is switched off, or holds what is none of ours
  }
}

function keep(value) {
  try {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Then the token lives until the page is left.
  }
  session.set(value);
}

// Sign in, or throw an error that says why not.
export async function signIn(username, password) {
  const body = new URLSearchParams({ username, password });
  let answer;
  try {
    answer = await fetch("/token", { method: "POST", body });
  } catch {
    throw new Error("The service cannot be reached. Is it running?");
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(refusal(answer.status, found));
  farewell.set("");
  const expiresAt = Date.now() + found.expires_in * 1000;
  keep({ username, token: found.access_token, expiresAt });
}

function refusal(status, problem) {
  if (status === 401) return "Wrong user name or password.";
  return problem.detail || `Signing in failed with status ${status}.`;
}

// Forget the token, and say why if it was not the user's own wish. If it was, the service forgets
// it too: nobody waits for that.
export function signOut(reason = "") {
  if (!reason && session.value) {
    const headers = { Authorization: `Bearer ${session.value.token}` };
    fetch("/api/v1/logout", { method: "POST", headers, keepalive: true }).catch(() => {});
  }
  farewell.set(reason);
  keep(null);
}
