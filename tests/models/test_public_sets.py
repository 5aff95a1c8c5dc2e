import numpy as np
import pytest

from headway.models.batch import predict_many
from headway.models.calibration import calibration_error
from tests.models.public_sets import answered, needs_public_sets, public_set, trained

pytestmark = needs_public_sets

# Level with TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True) + LinearSVC(C=1), or above.
FLOORS = {"sms_spam": 0.980, "banking77": 0.894, "movie_polarity": 0.775, "bbc_news": 0.9865}


@pytest.mark.parametrize("name", FLOORS)
def test_accuracy_is_level_with_a_linear_svm(name: str) -> None:
    """One configuration, everything at its default, train file to train, test file to test."""
    test = public_set(f"{name}.test")
    found = answered(name)
    accuracy = np.mean(
        [label == truth for label, truth in zip(found.labels, test.labels, strict=True)]
    )
    assert accuracy >= FLOORS[name]


@pytest.mark.parametrize("name", FLOORS)
def test_confidence_is_close_to_accuracy(name: str) -> None:
    """The calibration error on rows of another file is below four hundredths."""
    test = public_set(f"{name}.test")
    found = answered(name)
    right = np.array(found.labels) == np.array(test.labels)
    assert calibration_error(found.confidences, right) < 0.04


@pytest.mark.parametrize("name", FLOORS)
def test_the_reported_accuracy_is_near_that_of_the_test_file(name: str) -> None:
    """Held-out rows tell the truth, within what a few hundred of them can."""
    bundle, test = trained(name), public_set(f"{name}.test")
    found = answered(name)
    accuracy = np.mean(
        [label == truth for label, truth in zip(found.labels, test.labels, strict=True)]
    )
    assert bundle.metrics["accuracy"] == pytest.approx(accuracy, abs=0.03)


@pytest.mark.parametrize("name", ["sms_spam", "banking77", "bbc_news"])
def test_one_text_gets_the_same_answer_as_in_a_batch(name: str) -> None:
    """On real texts, long and short, within a billionth."""
    classifier = trained(name).classifier
    texts = public_set(f"{name}.test").texts[:400]
    found = predict_many(classifier, texts)
    for text, label, probabilities in zip(texts, found.labels, found.probabilities, strict=True):
        one = classifier.predict_one(text)
        assert one.label == label
        np.testing.assert_allclose(one.probabilities, probabilities, rtol=0, atol=1e-9)
