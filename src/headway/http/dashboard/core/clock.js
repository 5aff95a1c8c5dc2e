// The time, once a second, for everything that says how long something takes.

import { useEffect } from "./html.js";
import { Topic, useTopic } from "./topic.js";

const now = new Topic(Date.now());
let viewers = 0;
let timer;

export function useNow() {
  useEffect(() => {
    viewers += 1;
    if (viewers === 1) {
      now.set(Date.now());
      timer = setInterval(() => now.set(Date.now()), 1000);
    }
    return () => {
      viewers -= 1;
      if (viewers === 0) clearInterval(timer);
    };
  }, []);
  return useTopic(now);
}
