"""The public text sets, where they are: `HEADWAY_TEST_DATA`, else `shared/data` beside the checkout."""

import csv
import gzip
import io
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from headway.models.batch import Predictions, predict_many
from headway.models.bundle import Bundle
from headway.models.epochs import Settings
from headway.models.training import Training
from headway.models.vectors import count_grams, stack

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("HEADWAY_TEST_DATA", ROOT.parent / "shared" / "data"))

needs_public_sets = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"no public text sets in {FOLDER}; set HEADWAY_TEST_DATA to the folder that has them",
)


class Rows(NamedTuple):
    texts: list[str]
    labels: list[str]


@cache
def public_set(stem: str) -> Rows:
    path = FOLDER / f"{stem}.csv"
    content = (
        path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
    )
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return Rows([row["text"] for row in rows], [row["label"] for row in rows])


def started(rows: Rows, settings: Settings | None = None) -> Training:
    classes = sorted(set(rows.labels))
    codes = {label: code for code, label in enumerate(classes)}
    targets = np.array([codes[label] for label in rows.labels])
    parts = [count_grams(rows.texts[i : i + 2_000]) for i in range(0, len(rows.texts), 2_000)]
    return Training(stack(parts), targets, classes, settings or Settings())


@cache
def trained(name: str) -> Bundle:
    """The model of a public set with default settings."""
    training = started(public_set(f"{name}.train"))
    for _ in training.epochs():
        pass
    return training.bundle({})


@cache
def answered(name: str) -> Predictions:
    """What that model says of the test file."""
    return predict_many(trained(name).classifier, public_set(f"{name}.test").texts)
