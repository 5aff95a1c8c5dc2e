"""Models of the user's own: whatever can be loaded from a file and asked about texts.

    @model("keywords")
    class Keywords:
        @classmethod
        def load(cls, path: Path) -> "Keywords":
            return cls(json.loads(path.read_text()))

        def predict(self, texts: list[str]) -> list[str]:
            ...

They stand in a module of operations, and run in the workers' processes alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from headway.job import Json

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

Answer = dict[str, Json]


class Asked(Protocol):
    """A loaded model."""

    def predict(self, texts: list[str]) -> Sequence[Any]:
        """One answer for each text, in their order: a label, a pair of label and confidence, or
        an exception for a text that has no answer."""


class Loads(Protocol):
    """A class whose instances are loaded models."""

    def load(self, path: Path) -> Asked:
        """The model in a file, as a class method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """A kind of model that its user brings along."""

    name: str
    loads: Loads
    batch: int = 256
    """Texts that one call of `predict` is given at most."""
    wait: float = 0.005
    """Seconds that a single text waits for others, to be asked about together."""

    def load(self, path: Path) -> Asked:
        """The model in a file."""
        return self.loads.load(path)


def model(name: str, *, batch: int = 256, wait_ms: float = 5.0) -> Callable[[Any], OwnModel]:
    """Make a class with `load(path)` and `predict(texts)` a kind of model under this name."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"expected a name of a-z, 0-9 and _, starting with a letter, at most 64 long, got: {name!r}"
        )
    if batch < 1 or not 0 <= wait_ms <= 1000:
        raise ValueError(
            f"expected a batch of at least 1 and wait_ms from 0 to 1000, got: {batch} and {wait_ms}"
        )

    def register(kind: Any) -> OwnModel:
        for needed in ("load", "predict"):
            if not callable(getattr(kind, needed, None)):
                raise TypeError(
                    f"expected a class with load(path) and predict(texts), got one without {needed}"
                )
        return OwnModel(name=name, loads=kind, batch=batch, wait=wait_ms / 1000)

    return register


def ask(asked: Asked, texts: Sequence[str], batch: int) -> list[Answer]:
    """What a model says about each text; where it raises, what it raised, for that text alone."""
    answers: list[Answer] = []
    for start in range(0, len(texts), batch):
        answers += _ask_some(asked, list(texts[start : start + batch]))
    return answers


def _ask_some(asked: Asked, texts: list[str]) -> list[Answer]:
    try:
        said = asked.predict(texts)
        if len(said) != len(texts):
            raise ValueError(f"expected {len(texts)} answers, got {len(said)}")
        return [_answer(one) for one in said]
    except Exception as error:  # noqa: BLE001 - the user's code: what it raises is the answer
        if len(texts) == 1:
            return [_failed(error)]
        return [answer for text in texts for answer in _ask_some(asked, [text])]


def _answer(said: Any) -> Answer:
    if isinstance(said, Exception):
        return _failed(said)
    label, confidence = said if isinstance(said, tuple) else (said, None)
    if confidence is None:
        return {"prediction": str(label), "confidence": None}
    share = float(confidence)
    if not 0 <= share <= 1:
        return _failed(ValueError(f"expected a confidence from 0 to 1, got: {share:g}"))
    return {"prediction": str(label), "confidence": share}


def _failed(error: Exception) -> Answer:
    told = str(error) or type(error).__name__
    return {"prediction": None, "confidence": None, "error": told[:1000]}
