"""What `auto` comes to on published texts."""

from collections.abc import Sequence

import numpy as np
import pytest

from headway.models.batch import predict_many
from headway.models.bundle import Bundle
from headway.models.choice import Tryout, best_of, candidates_for, rows_to_try, trials
from headway.models.epochs import Settings
from headway.models.split import held_out
from headway.models.training import Training
from headway.models.vectors import count_grams
from tests.models.public_sets import Rows, needs_public_sets, public_set

pytestmark = needs_public_sets

# Of 1,115 messages: more than 0.987, what LinearSVC on runs of 3 to 5 characters was said to reach.
SMS_FLOOR = 1_101


@pytest.fixture(scope="module")
def auto() -> Bundle:
    """The model that `auto` comes to on the train file of sms_spam, the quickest of the sets."""
    rows = public_set("sms_spam.train")
    targets = targets_of(rows)
    learned = np.flatnonzero(~held_out(targets, 0.1, 0))
    lengths = np.array([len(text) for text in rows.texts])
    tried = learned[rows_to_try(targets[learned], lengths[learned], 1, 0)]
    tryout = Tryout([rows.texts[row] for row in tried], targets[tried], 2, 0)
    best = best_of(list(trials(tryout, candidates_for(int(lengths.sum()), None))))
    counts = count_grams(rows.texts, best.features)
    settings = Settings(penalty=best.penalty)
    training = Training(counts, targets, ["ham", "spam"], settings, features=best.features)
    for _ in training.epochs():
        pass
    return training.bundle({})


def targets_of(rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([("ham", "spam").index(label) for label in rows.labels])


def right(bundle: Bundle, rows: Rows) -> int:
    found: Sequence[str] = predict_many(bundle.classifier, rows.texts).labels
    return sum(label == truth for label, truth in zip(found, rows.labels, strict=True))


def test_auto_finds_more_than_words_do(auto: Bundle) -> None:
    """Without having seen the test file, and without being told what to use."""
    assert auto.classifier.features != "words"
    assert right(auto, public_set("sms_spam.test")) >= SMS_FLOOR


def test_one_text_gets_the_same_answer_as_in_a_batch_by_characters_too(auto: Bundle) -> None:
    """On real messages, within a billionth."""
    texts = public_set("sms_spam.test").texts
    found = predict_many(auto.classifier, texts)
    for text, probabilities in zip(texts, found.probabilities, strict=True):
        one = auto.classifier.predict_one(text).probabilities
        np.testing.assert_allclose(one, probabilities, rtol=0, atol=1e-9)
