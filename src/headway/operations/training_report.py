"""What a training's result tells beside the model: figures, the curve, warnings, confusing rows."""

from collections.abc import Sequence
from typing import Any, Final

from headway.job import Json
from headway.models.choice import Trial
from headway.models.training import Training
from headway.operations.training_rows import Survey, TrainingRows

SHOWN: Final = 200
"""Characters shown of a text."""


def report(
    training: Training, trials: Sequence[Trial], rows: TrainingRows, survey: Survey
) -> dict[str, Json]:
    """The measured figures and how they came about, as JSON."""
    progress = training.progress
    measured: dict[str, Any] = dict(progress.measured)
    shared = survey.shared_texts(training.held)
    return {
        **measured,
        "classes": list(survey.classes),
        "epochs_run": len(progress.curve),
        "loss": progress.curve[-1].loss,
        "curve": [{"epoch": epoch.number, **epoch.figures} for epoch in progress.curve],
        "plateau": training.plateau,
        "trials": [trial.as_json() for trial in trials],
        "shared_texts": shared,
        "warnings": _warnings(shared, measured["held_out"]),
        "confused": _confused(training, rows, survey),
    }


def _warnings(shared: int, held: int) -> list[str]:
    if not held:
        return ["every label has one row only: nothing could be held out, accuracy is unknown"]
    if not shared:
        return []
    warning = (
        f"{shared:,} of the {held:,} held-out rows have a text that the training rows have too, so"
        " the accuracy is flattering; remove duplicates before training"
    )
    return [warning]


def _confused(training: Training, rows: TrainingRows, survey: Survey) -> list[dict[str, Json]]:
    """The held-out rows that the model was most sure of and wrong about, with their texts."""
    found = training.progress.confused
    texts = rows.texts_at([one.row for one in found]) if found else []
    return [
        {
            "row": int(survey.numbers[one.row]),
            "text": text[:SHOWN],
            "label": one.label,
            "prediction": one.prediction,
            "confidence": one.confidence,
        }
        for one, text in zip(found, texts, strict=True)
    ]
