import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.models.batch import CHUNK, predict_many
from headway.models.bundle import DEFAULT_BUNDLE, Bundle
from headway.models.grams import BUCKETS, bucket_arrays, buckets_of
from headway.models.vectors import count_grams, stack

CLASSIFIER = Bundle.load(DEFAULT_BUNDLE).classifier
words = st.lists(
    st.sampled_from(["refund", "parcel", "my", "my", "password", "zzz", "Login", "I", "ß", "é"]),
    max_size=20,
)
texts = st.one_of(st.text(), words.map(" ".join))


@given(st.lists(texts, max_size=8))
def test_one_text_and_a_batch_agree_on_anything(some: list[str]) -> None:
    """Also on empty texts, surrogates, and grams that occur several times."""
    found = predict_many(CLASSIFIER, some)
    for text, probabilities in zip(some, found.probabilities, strict=True):
        one = CLASSIFIER.predict_one(text).probabilities
        np.testing.assert_allclose(one, probabilities, rtol=0, atol=1e-9)


@given(texts)
def test_probabilities_add_up_and_the_best_is_the_answer(text: str) -> None:
    """The confidence is the largest of the probabilities, at its label's place."""
    label, confidence, probabilities = CLASSIFIER.predict_one(text)
    assert probabilities.sum() == pytest.approx(1)
    assert confidence == probabilities.max()
    assert label == CLASSIFIER.classes[int(probabilities.argmax())]


@given(st.lists(texts, max_size=8))
def test_both_ways_to_the_buckets_agree(some: list[str]) -> None:
    """No pair crosses from one text to the next, and the arrays are ordered by row."""
    rows, buckets = bucket_arrays(some)
    assert rows.tolist() == sorted(rows.tolist())
    for number, text in enumerate(some):
        assert sorted(buckets[rows == number].tolist()) == sorted(buckets_of(text))
    assert all(0 <= bucket < BUCKETS for bucket in buckets.tolist())


def test_buckets_are_the_same_on_every_machine() -> None:
    """These numbers are part of the bundle format: a change needs a new version."""
    assert buckets_of("Hello, big world") == [150034, 992402, 335403, 186118, 906298]


@given(st.lists(texts, min_size=1, max_size=6), st.integers(0, 6))
def test_counting_in_chunks_changes_nothing(some: list[str], cut: int) -> None:
    """Where the chunks end leaves no trace."""
    parts = stack([count_grams(part) for part in (some[:cut], some[cut:])])
    assert (parts != count_grams(some)).nnz == 0


def test_a_batch_of_several_chunks_keeps_its_order() -> None:
    """The answers after a chunk's end belong to the texts after it."""
    several = ["where is my parcel", "I cannot sign in"] * CHUNK
    found = predict_many(CLASSIFIER, several)
    assert found.labels == ["delivery", "login"] * CHUNK


def test_no_texts_give_no_answers() -> None:
    """An empty batch is no special case for its caller."""
    assert predict_many(CLASSIFIER, []).labels == []
