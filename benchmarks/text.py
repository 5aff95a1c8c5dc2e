"""The text classifier beside scikit-learn's pipelines, on the public sets, in one run.

    python benchmarks/text.py [FOLDER]

FOLDER (or `HEADWAY_TEST_DATA`) holds `<set>.{train,test}.csv[.gz]`. One configuration for all sets,
everything at its default. BLAS is told to use one thread. Training is vectorising plus fitting.
"""

import csv
import gzip
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - the thread counts are read when numpy is imported
from numpy.typing import NDArray  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import Pipeline, make_pipeline  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402

from headway.models.batch import predict_many  # noqa: E402
from headway.models.bundle import Bundle  # noqa: E402
from headway.models.calibration import calibration_error  # noqa: E402
from headway.models.classifier import Classifier  # noqa: E402
from headway.models.epochs import Settings  # noqa: E402
from headway.models.scores import confusion_matrix, scores_of  # noqa: E402
from headway.models.training import Training  # noqa: E402
from headway.models.vectors import count_grams, stack  # noqa: E402

SETS = ("sms_spam", "banking77", "movie_polarity", "bbc_news")
HERE = Path(__file__).resolve().parent
THROUGHPUT_ROWS = 20_000


@dataclass(frozen=True)
class Rows:
    """Texts and what they are."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True)
class Line:
    """A line of the table; `ece` is None where a model gives no confidence."""

    accuracy: float
    macro_f1: float
    ece: float | None
    train_seconds: float
    texts_per_second: float

    def __str__(self) -> str:
        ece = "     -" if self.ece is None else f"{self.ece:6.3f}"
        return (
            f"{self.accuracy:8.4f} {self.macro_f1:8.4f} {ece} {self.train_seconds:8.2f}"
            f" {self.texts_per_second:10,.0f}"
        )


def main() -> None:
    folder = Path(
        sys.argv[1]
        if len(sys.argv) > 1
        else os.environ.get("HEADWAY_TEST_DATA", HERE.parent.parent / "shared" / "data")
    )
    print(
        f"{'set':16}{'model':20}{'accuracy':>8} {'macro F1':>8} {'ECE':>6} {'train s':>8} {'texts/s':>10}"
    )
    for name in SETS:
        train, test = read(folder, f"{name}.train"), read(folder, f"{name}.test")
        for title, measure in (
            ("headway", headway),
            ("tfidf + logistic", logistic),
            ("sublinear + svc", svc),
        ):
            print(f"{name:16}{title:20}{measure(train, test)}", flush=True)
    one_text(read(folder, "movie_polarity.train"), read(folder, "movie_polarity.test"))


def read(folder: Path, stem: str) -> Rows:
    plain = folder / f"{stem}.csv"
    content = (
        plain.read_bytes() if plain.exists() else gzip.decompress(Path(f"{plain}.gz").read_bytes())
    )
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
    return Rows([row["text"] for row in rows], [row["label"] for row in rows])


def headway(train: Rows, test: Rows) -> Line:
    started = time.perf_counter()
    model = train_headway(train).classifier
    seconds = time.perf_counter() - started
    found = predict_many(model, test.texts)
    speed = throughput(test.texts, lambda texts: predict_many(model, texts))
    return line(test, found.labels, found.confidences, seconds, speed)


def train_headway(train: Rows) -> Bundle:
    classes = sorted(set(train.labels))
    codes = {label: code for code, label in enumerate(classes)}
    targets = np.array([codes[label] for label in train.labels])
    chunks = range(0, len(train.texts), 4_000)
    counts = stack([count_grams(train.texts[start : start + 4_000]) for start in chunks])
    training = Training(counts, targets, classes, Settings())
    for _ in training.epochs():
        pass
    return training.bundle({})


def logistic(train: Rows, test: Rows) -> Line:
    return reference(
        make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000)),
        train,
        test,
    )


def svc(train: Rows, test: Rows) -> Line:
    return reference(
        make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(C=1)),
        train,
        test,
    )


def reference(pipeline: Pipeline, train: Rows, test: Rows) -> Line:
    started = time.perf_counter()
    pipeline.fit(train.texts, train.labels)
    seconds = time.perf_counter() - started
    labels = list(pipeline.predict(test.texts))
    confidences = (
        pipeline.predict_proba(test.texts).max(axis=1)
        if hasattr(pipeline, "predict_proba")
        else None
    )
    return line(test, labels, confidences, seconds, throughput(test.texts, pipeline.predict))


def line(
    test: Rows,
    labels: Sequence[str],
    confidences: NDArray[np.float64] | None,
    seconds: float,
    speed: float,
) -> Line:
    classes = sorted(set(test.labels) | set(labels))
    codes = {label: code for code, label in enumerate(classes)}
    truth = np.array([codes[label] for label in test.labels])
    found = np.array([codes[label] for label in labels])
    scores = scores_of(confusion_matrix(truth, found, len(classes)), classes)
    ece = None if confidences is None else calibration_error(confidences, truth == found)
    return Line(scores.accuracy, scores.macro_f1, ece, seconds, speed)


def throughput(texts: list[str], predict: Callable[[list[str]], object]) -> float:
    """Texts per second over the test set repeated to about 20,000 (2,000 where texts are long)."""
    wanted = THROUGHPUT_ROWS if sum(map(len, texts)) / len(texts) < 500 else THROUGHPUT_ROWS // 10
    many = (texts * (wanted // len(texts) + 1))[:wanted]
    started = time.perf_counter()
    predict(many)
    return len(many) / (time.perf_counter() - started)


def one_text(train: Rows, test: Rows) -> None:
    model: Classifier = train_headway(train).classifier
    for text in test.texts:  # a service has met nearly all of its words before
        model.predict_one(text)
    times = []
    for text in test.texts:
        started = time.perf_counter()
        model.predict_one(text)
        times.append(time.perf_counter() - started)
    words = sum(len(text.split()) for text in test.texts) / len(test.texts)
    print(f"one text of {words:.0f} words (movie_polarity): median {np.median(times) * 1e3:.4f} ms")


if __name__ == "__main__":
    main()
