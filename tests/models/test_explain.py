"""Explanations add up to what the model says, for every kind of feature."""

import math
from typing import get_args

import numpy as np
import pytest

from headway.data.samples import bundled_rows
from headway.models.bundle import DEFAULT_BUNDLE, Bundle
from headway.models.classifier import Classifier
from headway.models.explain import explain
from headway.models.features import Features, width_of

TEXTS = [text for text, _ in bundled_rows("sample")][:200]
ODD = [
    "",
    "zzz qqq",
    "refund",
    "refund refund refund",
    "REFUND, please! refund",
    "naïve ☃ \U0001d518 \x00",
]


def made_up(features: Features, classes: int) -> Classifier:
    """Random numbers in a model's shape: nothing that training happens to make equal."""
    random = np.random.default_rng(7)
    buckets = np.arange(0, width_of(features), 2, dtype=np.int32)
    if features == "characters":
        buckets = buckets[buckets >= 1 << 20]
    width = 1 if classes == 2 else classes
    return Classifier(
        classes=tuple(f"c{n}" for n in range(classes)),
        buckets=buckets,
        idf=random.uniform(0.5, 3, len(buckets)).astype(np.float32),
        weights=random.normal(size=(len(buckets), width)).astype(np.float32),
        bias=random.normal(size=width).astype(np.float32),
        scale=2.5,
        features=features,
    )


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("features", get_args(Features))
def test_the_weights_add_up_to_the_score(features: Features, classes: int) -> None:
    """To what the probabilities say: the log-odds above the mean of all labels."""
    model = made_up(features, classes)
    for text in TEXTS[:40] + ODD:
        said = model.predict_one(text)
        logs = np.log(said.probabilities)
        found = explain(model, text)
        assert found.label == said.label
        expected = math.log(said.confidence) - float(logs.mean())
        assert found.score == pytest.approx(expected, abs=1e-6)


def test_what_speaks_for_a_label_is_named() -> None:
    """A word that only such texts have weighs most, and without it the model is less sure."""
    model = Bundle.load(DEFAULT_BUNDLE).classifier
    for text in TEXTS:
        found = explain(model, text)
        weights = dict(found.tokens)
        strongest = max(weights, key=lambda token: weights[token])
        assert weights[strongest] > 0
        assert all(word in text.lower() for word in strongest.split())


def test_the_list_is_short_and_says_what_it_leaves_out() -> None:
    model = made_up("words", 3)
    text = " ".join(TEXTS[:20])
    short, full = explain(model, text, most=5), explain(model, text, most=10_000)
    assert len(short.tokens) == 5
    assert list(short.tokens) == list(full.tokens)[:5]
    assert full.rest == 0
    assert short.score == pytest.approx(full.score)


def test_a_text_the_model_knows_nothing_of_has_the_bias_alone() -> None:
    model = Bundle.load(DEFAULT_BUNDLE).classifier
    found = explain(model, "")
    assert (list(found.tokens), found.rest) == ([], 0.0)
