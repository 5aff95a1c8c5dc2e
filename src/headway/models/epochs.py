"""What a training is told, what each of its epochs shows, and how far it has come: frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from headway.job import Json

PATIENCE: Final = 3
"""Epochs in a row without a better loss that make a plateau."""
_BETTER: Final = 1e-3
"""A loss counts as better when it is lower by this share."""

Phase = Literal["measure", "refit"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training may be told."""

    epochs: int = 10
    validation: float = 0.1
    """Share of the rows to hold out, 0 to 0.5."""
    seed: int = 0
    """Chooses the held-out rows, and those that `auto` tries its candidates on."""
    early_stopping: bool = False
    penalty: float = 1.0
    """Weight of the loss against that of large weights: more follows the rows more closely."""
    class_weights: tuple[float, ...] | Literal["balanced"] | None = None
    """How much a row of each class counts; `balanced`: all classes the same in sum."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch's figures. Losses are mean squared hinge losses per row and class."""

    phase: Phase
    number: int
    """1 for the first of its phase."""
    train_loss: float
    loss: float | None = None
    """On held-out rows; None where there are none."""
    accuracy: float | None = None
    """On held-out rows, 0 to 1."""
    macro_f1: float | None = None
    """On held-out rows, 0 to 1."""

    @property
    def figures(self) -> dict[str, float | None]:
        """The figures by name."""
        return {
            "loss": self.loss,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "train_loss": self.train_loss,
        }

    @property
    def judged(self) -> float:
        """The loss that a plateau is seen by: on held-out rows if there are any."""
        return self.train_loss if self.loss is None else self.loss


@dataclass(frozen=True, slots=True)
class Confused:
    """A held-out row that the model was most sure of and wrong about."""

    row: int
    """Its position among the rows given to the training."""
    label: str
    prediction: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training has come: with `Training.weights()` all that a later one needs."""

    phase: Phase = "measure"
    curve: tuple[Epoch, ...] = ()
    """The measured epochs so far."""
    refitted: int = 0
    """Epochs over all rows so far."""
    measured: Mapping[str, Json] = field(default_factory=dict)
    """What the first part found; empty before its end."""
    confused: tuple[Confused, ...] = ()
    """What the first part ended most wrong about, the surest first."""

    def as_json(self) -> dict[str, Json]:
        """The fields as JSON, for `of_json`."""
        return asdict(self)

    @classmethod
    def of_json(cls, saved: Mapping[str, Json]) -> "Progress":
        """The inverse of `as_json`."""
        curve = tuple(Epoch(**epoch) for epoch in saved["curve"])
        confused = tuple(Confused(**row) for row in saved["confused"])
        return cls(saved["phase"], curve, saved["refitted"], saved["measured"], confused)


def plateau_of(losses: Sequence[float]) -> int | None:
    """The number (from 1) of the best epoch once `PATIENCE` epochs after it were no better."""
    best, at = float("inf"), 0
    for number, loss in enumerate(losses, start=1):
        if loss < best * (1 - _BETTER):
            best, at = loss, number
        elif number - at >= PATIENCE:
            return at
    return None
