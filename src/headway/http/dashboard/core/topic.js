// A value that many can watch.

import { useEffect, useState } from "./html.js";

export class Topic {
  constructor(value) {
    this.value = value;
    this.watchers = new Set();
  }

  set(value) {
    this.value = value;
    for (const watcher of [...this.watchers]) watcher(value);
  }

  watch(watcher) {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }
}

// The topic's value, and a new render whenever it changes.
export function useTopic(topic) {
  const [value, setValue] = useState(topic.value);
  useEffect(() => {
    setValue(topic.value); // it may have changed between the render and now
    return topic.watch(setValue);
  }, [topic]);
  return value;
}
