"""Whatever answers texts: a model of ours, asked in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from headway.context import Context
from headway.job import Json
from headway.models.batch import predict_many
from headway.models.classifier import Classifier
from headway.operations.inputs import BUNDLED, open_model

Answer = dict[str, Json]


class Answering(Protocol):
    """A model that is open."""

    @property
    def name(self) -> str:
        """The version that answers, as its user calls it."""

    @property
    def id(self) -> str:
        """The same by its id."""

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """A `prediction` and its `confidence` for each text; an `error` where there is none."""


@dataclass(frozen=True, slots=True)
class Ours:
    """A text classifier that was trained here."""

    name: str
    id: str
    classifier: Classifier

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """See `Answering.answers`."""
        found = predict_many(self.classifier, texts)
        return [
            {"prediction": label, "confidence": confidence}
            for label, confidence in zip(found.labels, found.confidences.tolist(), strict=True)
        ]


def open_answering(ctx: Context, field: str = "model") -> Answering:
    """The model in a field."""
    model_id, bundle = open_model(ctx, field)
    return Ours(_called(ctx, field), model_id, bundle.classifier)


def _called(ctx: Context, field: str) -> str:
    artifact = ctx.artifact(field)
    assert artifact is not None  # `open_model` has said so otherwise
    if artifact.id.startswith(BUNDLED):
        return artifact.name
    return f"{artifact.name}@{artifact.version}"
