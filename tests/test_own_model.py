"""Models of the user's own: how they are registered, and what they answer."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from headway.own_model import OwnModel, ask, model
from headway.registry import Registry


class Moody:
    """Fails for some texts, and for whole batches that hold one of them."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def predict(self, texts: list[str]) -> list[Any]:
        self.calls.append(len(texts))
        if "bad" in texts:
            raise ValueError("no idea")
        return [RuntimeError("odd one") if text == "odd" else (text.upper(), 0.5) for text in texts]


def test_texts_are_asked_about_in_batches_and_one_that_fails_fails_alone() -> None:
    moody = Moody()
    answers = ask(moody, ["a", "b", "odd", "bad", "c"], 3)
    assert [one["prediction"] for one in answers] == ["A", "B", None, None, "C"]
    assert [one.get("error") for one in answers] == [None, None, "odd one", "no idea", None]
    assert moody.calls == [3, 2, 1, 1]


@pytest.mark.parametrize("said", [["one"], "x", None, [1, 2, 3]])
def test_answers_that_do_not_fit_are_errors(said: Any) -> None:
    class Odd:
        def predict(self, texts: list[str]) -> Any:
            return said

    answers = ask(Odd(), ["a", "b"], 10)
    assert len(answers) == 2
    if said != ["one"]:
        assert all("error" in one or one["prediction"] for one in answers)


def test_a_label_may_come_without_a_confidence() -> None:
    class Plain:
        def predict(self, texts: list[str]) -> list[str]:
            return texts

    assert ask(Plain(), ["a"], 1) == [{"prediction": "a", "confidence": None}]


@pytest.mark.parametrize("confidence", [7.5, -0.3, nan, inf])
def test_a_confidence_that_is_none_fails_for_its_text_alone(confidence: float) -> None:
    class Boasting:
        def predict(self, texts: list[str]) -> list[Any]:
            return [(text, confidence if text == "b" else 1) for text in texts]

    answers = ask(Boasting(), ["a", "b"], 10)
    assert answers[0] == {"prediction": "a", "confidence": 1.0}
    assert answers[1]["error"] == f"expected a confidence from 0 to 1, got: {confidence:g}"


def test_a_class_without_load_or_predict_is_refused() -> None:
    with pytest.raises(TypeError, match="without load"):
        model("moody")(Moody)
    with pytest.raises(ValueError, match="expected a name"):
        model("Not A Name")
    with pytest.raises(ValueError, match="expected a batch"):
        model("fine", batch=0)


def test_two_kinds_of_one_name_are_refused() -> None:
    registry = Registry()
    registry.add_model(OwnModel(name="a", loads=_Loads()))
    with pytest.raises(ValueError, match="a second 'a'"):
        registry.add_model(OwnModel(name="a", loads=_Loads()))


class _Loads:
    def load(self, path: Path) -> Moody:
        return Moody()
