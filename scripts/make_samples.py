#!/usr/bin/env python3
"""Make the files that come with the package: the `sample` data set and the model trained on it.

    python scripts/make_samples.py

Both are synthetic and deterministic: running it again changes nothing unless the generator, the
trainer or the bundle format has changed.
"""

import csv

import numpy as np

from headway.data.samples import SAMPLE_CSV, SAMPLE_ROWS, SAMPLE_SEED, bundled_rows
from headway.data.tickets import tickets
from headway.models.bundle import DEFAULT_BUNDLE
from headway.models.epochs import Settings
from headway.models.training import Training
from headway.models.vectors import count_grams


def main() -> None:
    """Make both files."""
    write_sample()
    train_default()


def write_sample() -> None:
    """Write the tickets as CSV."""
    with SAMPLE_CSV.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("text", "label"))
        writer.writerows(tickets(SAMPLE_ROWS, SAMPLE_SEED))


def train_default() -> None:
    """Train on them with the defaults and save the bundle."""
    texts, labels = zip(*bundled_rows("sample"), strict=True)
    classes = sorted(set(labels))
    targets = np.array([classes.index(label) for label in labels])
    training = Training(count_grams(texts), targets, classes, Settings())
    for epoch in training.epochs():
        print(epoch)
    sha256 = training.bundle({"data": "sample", "epochs": 10, "seed": 0}).save(DEFAULT_BUNDLE)
    print(f"{DEFAULT_BUNDLE.name}: {DEFAULT_BUNDLE.stat().st_size:,} bytes, sha256 {sha256}")


if __name__ == "__main__":
    main()
