// What a page shows first: loaded once, tried again by itself while the service is away.

import { call } from "./api.js";
import { useCallback, useEffect, useState } from "./html.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5_000;

// The JSON under `path`, the problem that kept it away, and a way to ask anew. With `every`
// it is asked for again after so many milliseconds, as long as the page is seen; with another
// `version` at once. `data` stays what it was while there is a problem.
export function useLoad(path, { every = 0, version = "" } = {}) {
  const [state, setState] = useState({ data: null, headers: null, problem: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === null) return undefined;
    setState((known) => (known.path === path ? known : { data: null, headers: null, problem: null }));
    return loading(path, every, setState);
  }, [path, round, every, version]);
  return { ...state, again: useCallback(() => setRound((known) => known + 1), []) };
}

function loading(path, every, setState) {
  const abort = new AbortController();
  let timer;
  let failures = 0;
  const later = (wait) => {
    timer = setTimeout(() => (document.hidden ? later(wait) : load()), wait);
  };
  const load = async () => {
    try {
      const { data, headers } = await call(path, { signal: abort.signal });
      failures = 0;
      setState({ path, data, headers, problem: null });
      if (every) later(every);
    } catch (problem) {
      if (abort.signal.aborted) return;
      setState((known) => ({ ...known, path, problem }));
      if (problem.passing || every) later(Math.max(problem.wait, Math.min(FIRST_WAIT * 2 ** failures++, LONGEST_WAIT)));
    }
  };
  load();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}
