"""The text classifier beside scikit-learn's pipelines, on the public sets, in one run.

    python benchmarks/text.py [FOLDER]

FOLDER (or `HEADWAY_TEST_DATA`) holds `<set>.{train,test}.csv[.gz]`. One configuration for all sets,
everything at its default; `auto` chooses by itself, on the train file. BLAS is told to use one
thread. Training is vectorising plus fitting, and for `auto` the choice. Then what a bundle costs,
and how fast grams are counted.
"""

import csv
import gzip
import hashlib
import io
import os
import sys
import tempfile
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

from headway.errors import CorruptArtifact  # noqa: E402
from headway.models.batch import predict_many  # noqa: E402
from headway.models.bundle import Bundle  # noqa: E402
from headway.models.calibration import calibration_error  # noqa: E402
from headway.models.choice import (  # noqa: E402
    Candidate,
    Tryout,
    best_of,
    candidates_for,
    rows_to_try,
    trials,
)
from headway.models.classifier import Classifier  # noqa: E402
from headway.models.epochs import Settings  # noqa: E402
from headway.models.features import GRAMS, Features  # noqa: E402
from headway.models.scores import confusion_matrix, scores_of  # noqa: E402
from headway.models.split import held_out  # noqa: E402
from headway.models.training import Training  # noqa: E402
from headway.models.vectors import count_grams, stack  # noqa: E402

PUBLISHED = {
    "sms_spam": "0.976 linear SVM, another split (Almeida et al. 2011)",
    "banking77": "0.937 fine-tuned BERT (Casanueva et al. 2020)",
    "movie_polarity": "0.759 to 0.813 CNN, 10 folds (sent-conv-torch)",
    "bbc_news": "none found",
}
HERE = Path(__file__).resolve().parent
THROUGHPUT_ROWS = 20_000
CHUNK = 4_000


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
    for name, published in PUBLISHED.items():
        train, test = read(folder, f"{name}.train"), read(folder, f"{name}.test")
        for title, measure in (
            ("headway", headway),
            ("headway auto", headway_auto),
            ("tfidf + logistic", logistic),
            ("svc, words", svc),
            ("svc, characters", svc_characters),
        ):
            print(f"{name:16}{title:20}{measure(train, test)}", flush=True)
        print(f"{name:16}{'published':20}{published}", flush=True)
    train, test = read(folder, "movie_polarity.train"), read(folder, "movie_polarity.test")
    for features in GRAMS:
        bundle = train_headway(train, Candidate(features, 1.0))
        one_text(bundle.classifier, features, test)
        cost_of(bundle, features)
        counting(features, train)


def read(folder: Path, stem: str) -> Rows:
    plain = folder / f"{stem}.csv"
    content = (
        plain.read_bytes() if plain.exists() else gzip.decompress(Path(f"{plain}.gz").read_bytes())
    )
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))
    return Rows([row["text"] for row in rows], [row["label"] for row in rows])


def headway(train: Rows, test: Rows) -> Line:
    return ours(train, test, lambda: Candidate("words", 1.0))


def headway_auto(train: Rows, test: Rows) -> Line:
    return ours(train, test, lambda: choice_for(train))


def ours(train: Rows, test: Rows, choose: Callable[[], Candidate]) -> Line:
    started = time.perf_counter()
    model = train_headway(train, choose()).classifier
    seconds = time.perf_counter() - started
    found = predict_many(model, test.texts)
    speed = throughput(test.texts, lambda texts: predict_many(model, texts))
    return line(test, found.labels, found.confidences, seconds, speed)


def train_headway(train: Rows, asked: Candidate) -> Bundle:
    classes, targets = coded(train)
    chunks = range(0, len(train.texts), CHUNK)
    counts = stack([count_grams(train.texts[at : at + CHUNK], asked.features) for at in chunks])
    settings = Settings(penalty=asked.penalty)
    training = Training(counts, targets, classes, settings, features=asked.features)
    for _ in training.epochs():
        pass
    return training.bundle({})


def choice_for(train: Rows) -> Candidate:
    """As `train_model` chooses with `features` at `auto`."""
    classes, targets = coded(train)
    learned = np.flatnonzero(~held_out(targets, Settings().validation, Settings().seed))
    lengths = np.array([len(text) for text in train.texts])
    width = 1 if len(classes) == 2 else len(classes)
    rows = learned[rows_to_try(targets[learned], lengths[learned], width, Settings().seed)]
    texts = [train.texts[row] for row in rows]
    tryout = Tryout(texts, targets[rows], len(classes), Settings().seed)
    best = best_of(list(trials(tryout, candidates_for(int(lengths.sum()), None))))
    print(f"  chose {best.features}, penalty {best.penalty:g}, on {len(rows):,} rows", flush=True)
    return Candidate(best.features, best.penalty)


def coded(rows: Rows) -> tuple[list[str], NDArray[np.int64]]:
    classes = sorted(set(rows.labels))
    codes = {label: code for code, label in enumerate(classes)}
    return classes, np.array([codes[label] for label in rows.labels])


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


def svc_characters(train: Rows, test: Rows) -> Line:
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    return reference(make_pipeline(grams, LinearSVC(C=1)), train, test)


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


def one_text(model: Classifier, features: Features, test: Rows) -> None:
    for text in test.texts:  # a service has met nearly all of its words before
        model.predict_one(text)
    times = []
    for text in test.texts:
        started = time.perf_counter()
        model.predict_one(text)
        times.append(time.perf_counter() - started)
    words = sum(len(text.split()) for text in test.texts) / len(test.texts)
    median = np.median(times) * 1e3
    print(f"{features}: one text of {words:.0f} words (movie_polarity): median {median:.4f} ms")


def cost_of(bundle: Bundle, features: Features) -> None:
    """What the file is like, and that a changed one is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        started = time.perf_counter()
        sha256 = bundle.save(path)
        saved = time.perf_counter()
        Bundle.load(path, sha256)
        loaded = time.perf_counter()
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
        path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
        try:
            Bundle.load(path, sha256)
            refused = "ACCEPTED"
        except CorruptArtifact:
            refused = "refused"
    print(
        f"{features}: bundle of {len(content):,} bytes, saved in {(saved - started) * 1e3:.0f} ms,"
        f" loaded in {(loaded - saved) * 1e3:.0f} ms; with one byte changed: {refused}"
    )


def counting(features: Features, train: Rows) -> None:
    texts = (train.texts * (THROUGHPUT_ROWS // len(train.texts) + 1))[:THROUGHPUT_ROWS]
    started = time.perf_counter()
    for at in range(0, len(texts), CHUNK):
        count_grams(texts[at : at + CHUNK], features)
    speed = len(texts) / (time.perf_counter() - started)
    print(f"{features}: {speed:,.0f} texts/s counted")


if __name__ == "__main__":
    main()
