from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.data.samples import bundled_rows
from headway.models.batch import predict_many
from headway.models.characters import (
    MOST_REMEMBERED,
    WordBuckets,
    bucket_runs,
    character_buckets_of,
    tokens_of,
)
from headway.models.classifier import Classifier
from headway.models.epochs import Settings
from headway.models.features import PARTS, Features, width_of
from headway.models.grams import BUCKETS, LONGEST_REMEMBERED, WordHashes
from headway.models.training import Training
from headway.models.vectors import count_grams, stack, weigh

TEXTS, LABELS = zip(*list(bundled_rows("sample"))[:600], strict=True)
CLASSES = sorted(set(LABELS))
MODES: list[Features] = ["words", "characters", "words+characters"]

words = st.lists(
    st.sampled_from(["refund", "parcel", "my", "my", "!!", "zzz", "Login", "I", "ß", "é\u00a0x"]),
    max_size=20,
)
texts = st.one_of(st.text(), words.map(" ".join))


@cache
def trained(features: Features) -> Classifier:
    targets = np.array([CLASSES.index(label) for label in LABELS])
    counts = count_grams(TEXTS, features)
    training = Training(counts, targets, CLASSES, Settings(epochs=2), features=features)
    for _ in training.epochs():
        pass
    return training.bundle({}).classifier


@pytest.mark.parametrize("features", MODES)
@given(some=st.lists(texts, max_size=8))
def test_one_text_and_a_batch_agree_whatever_the_features(
    features: Features, some: list[str]
) -> None:
    """Within a billionth: also on empty texts, surrogates, and texts of punctuation alone."""
    classifier = trained(features)
    found = predict_many(classifier, some)
    for text, probabilities in zip(some, found.probabilities, strict=True):
        one = classifier.predict_one(text).probabilities
        np.testing.assert_allclose(one, probabilities, rtol=0, atol=1e-9)


@pytest.mark.parametrize("features", MODES)
@given(some=st.lists(texts, min_size=1, max_size=6), cut=st.integers(0, 6))
def test_counts_are_those_of_the_single_texts(
    features: Features, some: list[str], cut: int
) -> None:
    """Where the chunks end leaves no trace, and each bucket counts as often as one text has it."""
    counts = count_grams(some, features)
    assert counts.shape == (len(some), width_of(features))
    parts = stack([count_grams(part, features) for part in (some[:cut], some[cut:]) if part])
    assert (parts != counts).nnz == 0
    for row, text in enumerate(some):
        buckets = [bucket for part in PARTS[features] for bucket in part(text)]
        mine = slice(counts.indptr[row], counts.indptr[row + 1])
        found = zip(counts.indices[mine].tolist(), counts.data[mine].tolist(), strict=True)
        assert dict(found) == Counter(buckets)


@given(st.lists(texts, max_size=4))
def test_both_ways_to_the_character_runs_agree(some: list[str]) -> None:
    """No run crosses from one word to the next."""
    different = list(dict.fromkeys(word for text in some for word in tokens_of(text)))
    starts, buckets = bucket_runs(different)
    assert len(starts) == len(different) + 1
    for number, word in enumerate(different):
        mine = buckets[starts[number] : starts[number + 1]]
        assert sorted(mine.tolist()) == sorted(character_buckets_of(word))


def test_the_runs_of_a_word_do_not_depend_on_its_length() -> None:
    """Long words are hashed another way: a run that both kinds have has one bucket."""
    word = "".join(chr(ord("A") + number) for number in range(60)).lower()
    short, long = character_buckets_of(word[:40]), character_buckets_of(word)
    assert len(set(short) - set(long)) == 3  # those that end with the shorter word


def test_what_is_remembered_of_words_is_bounded_however_long_they_are() -> None:
    buckets, hashes = WordBuckets(), WordHashes()
    for number in range(12_000):
        buckets[f"{number}" * 8]
        hashes[f"{number}" * 8]
    for long in ("x" * 1_000_000, "y" * 41):
        assert len(buckets[long]) == 3 * len(long) - 3
        assert hashes[long]
    assert buckets.remembered == sum(map(len, buckets.values())) <= MOST_REMEMBERED
    assert max(map(len, hashes)) <= LONGEST_REMEMBERED


def test_runs_of_characters_are_the_same_on_every_machine() -> None:
    """These numbers are part of the bundle format: a change needs a new name in `GRAMS`."""
    assert character_buckets_of("ab") == [105326, 1011052, 287628]
    assert character_buckets_of("Ab\tab ")[3:] == character_buckets_of("ab")


def test_words_and_characters_are_halves_of_one_length() -> None:
    """A text with a known word has as much of it in words as in characters, and a length of 1."""
    classifier = trained("words+characters")
    rows = weigh(
        count_grams(TEXTS, classifier.features), classifier.buckets, classifier.idf
    ).tocsc()
    first = int(np.searchsorted(classifier.buckets, BUCKETS))
    for half in (rows[:, :first], rows[:, first:]):
        np.testing.assert_allclose((half**2).sum(axis=1), 0.5)
