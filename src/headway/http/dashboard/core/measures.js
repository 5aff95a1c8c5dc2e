// How a measure is written: by its name, which is all that is known about what it measures.

import { figure, percent } from "./format.js";

const SHARES = new Set(["accuracy", "calibration_error", "f1", "precision", "recall", "share"]);

// True for `accuracy`, and for `test_accuracy`, which is one; `shared_texts` is a count.
export const isShare = (name) => SHARES.has(name) || SHARES.has(name.split("_").at(-1));

export const measured = (name, value, digits = 1) => (isShare(name) && value >= 0 && value <= 1 ? percent(value, digits) : figure(value));
