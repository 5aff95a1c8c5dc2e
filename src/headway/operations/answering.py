"""Whatever answers texts: a model that was trained here, or one of the user's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from headway.artifacts import BUNDLED_PREFIX
from headway.context import Context
from headway.models.batch import predict_many
from headway.models.classifier import Classifier
from headway.operations.inputs import open_model
from headway.operations.own_files import kind_of, load_own
from headway.own_model import Answer, Asked, OwnModel, ask


class Answering(Protocol):
    """A model that is open."""

    @property
    def name(self) -> str:
        """The version that answers, as its user calls it."""

    @property
    def id(self) -> str:
        """The same by its id."""

    @property
    def repeats(self) -> bool:
        """Whether it says the same when it is asked again, and at once."""

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """A `prediction` and its `confidence` for each text; an `error` where there is none."""


@dataclass(frozen=True, slots=True)
class TrainedAnswering:
    """A text classifier that was trained here."""

    name: str
    id: str
    classifier: Classifier
    repeats: ClassVar[bool] = True

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """See `Answering.answers`."""
        found = predict_many(self.classifier, texts)
        return [
            {"prediction": label, "confidence": confidence}
            for label, confidence in zip(found.labels, found.confidences.tolist(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class OwnAnswering:
    """A model of the user's own kind."""

    name: str
    id: str
    own: OwnModel
    asked: Asked
    repeats: ClassVar[bool] = False

    def answers(self, texts: Sequence[str]) -> list[Answer]:
        """See `Answering.answers`."""
        return ask(self.asked, texts, self.own.batch)


def open_answering(ctx: Context, field: str = "model") -> Answering:
    """The model in a field."""
    artifact = ctx.artifact(field)
    if artifact is not None and "format" in artifact.meta:
        own = kind_of(artifact, ctx)
        return OwnAnswering(_called(ctx, field), artifact.id, own, load_own(artifact, own))
    model_id, bundle = open_model(ctx, field)
    return TrainedAnswering(_called(ctx, field), model_id, bundle.classifier)


def _called(ctx: Context, field: str) -> str:
    artifact = ctx.artifact(field)
    assert artifact is not None  # `open_model` has said so otherwise
    if artifact.id.startswith(BUNDLED_PREFIX):
        return artifact.name
    return f"{artifact.name}@{artifact.version}"
