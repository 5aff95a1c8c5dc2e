// Numbers and times as people read them.

const COUNT = new Intl.NumberFormat("en");
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const count = (number) => COUNT.format(number);

// `1 row`, `2,000 rows`.
export const amount = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

export const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)} %`;

export function figure(number) {
  if (Number.isInteger(number)) return count(number);
  const size = Math.abs(number);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return number.toExponential(2);
  return number.toFixed(size < 10 ? 3 : 1);
}

export function bytes(number) {
  if (number < 1024) return `${number} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(Math.floor(Math.log2(number) / 10), units.length);
  const scaled = number / 1024 ** step;
  return `${scaled.toFixed(scaled < 10 ? 1 : 0)} ${units[step - 1]}`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (seconds < 1 && seconds > 0) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

export function clock(moment) {
  const date = new Date(moment);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? CLOCK.format(date) : `${DAY.format(date)}, ${CLOCK.format(date)}`;
}

export const exact = (moment) => EXACT.format(new Date(moment));

export function ago(moment, now) {
  const seconds = (now - Date.parse(moment)) / 1000;
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

const SPELT = { csv: "CSV", f1: "F1", id: "ID", cpu: "CPU", url: "URL", json: "JSON" };

// `train_model` as words: `Train model`.
export function words(name) {
  const text = name.split("_").map((word) => SPELT[word] || word).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
