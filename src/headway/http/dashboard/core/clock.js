// The time at the service, once a second, for everything that says how long something takes. The
// clock of the computer in front of which somebody sits may be minutes wrong.

import { useEffect } from "./html.js";
import { Topic, useTopic } from "./topic.js";

const AGREES = 2_000; // the service tells its time in whole seconds

let ahead = Infinity; // this computer's clock, as the answer that was least delayed shows it

// Hear the time at which the service answered, as the Date header has it.
export function learn(date) {
  const here = Date.now() - Date.parse(date);
  if (here < ahead) ahead = here;
}

const read = () => Date.now() - (ahead < Infinity && Math.abs(ahead) > AGREES ? ahead : 0);

const now = new Topic(read());
let viewers = 0;
let timer;

export function useNow() {
  useEffect(() => {
    viewers += 1;
    if (viewers === 1) {
      now.set(read());
      timer = setInterval(() => now.set(read()), 1000);
    }
    return () => {
      viewers -= 1;
      if (viewers === 0) clearInterval(timer);
    };
  }, []);
  return useTopic(now);
}
