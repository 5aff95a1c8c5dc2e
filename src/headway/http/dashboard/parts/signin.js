// The form that lets somebody in.

import { html, useEffect, useRef, useState } from "../core/html.js";
import { useTitle } from "../core/router.js";
import { farewell, signIn } from "../core/session.js";
import { useTopic } from "../core/topic.js";

export function SignIn() {
  useTitle("Sign in");
  const reason = useTopic(farewell);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const name = useRef(null);
  useEffect(() => name.current.focus(), []);

  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    setBusy(true);
    setProblem("");
    try {
      await signIn(form.get("username"), form.get("password"));
    } catch (error) {
      setProblem(error.message);
      setBusy(false);
    }
  };

  return html`<section class="signin card">
    <h1>Sign in</h1>
    <p class="muted">Jobs, data sets and models are private to their owner.</p>
    <form onSubmit=${submit}>
      <label>User name
        <input ref=${name} name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required />
      </label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <p class="form-problem" role="alert">${problem || reason}</p>
      <button class="primary" disabled=${busy}>${busy ? "Signing in …" : "Sign in"}</button>
    </form>
  </section>`;
}
