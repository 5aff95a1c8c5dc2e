"""`train_model`: a text classifier from a data set or from examples, epoch by epoch."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.models.choice import Trial, best_of
from headway.models.epochs import Epoch, Progress, Settings
from headway.models.features import Features
from headway.models.trainer import PASSES, PENALTY
from headway.models.training import REFIT_EPOCHS, Training
from headway.operations.choosing import SHARE, try_out
from headway.operations.requests.train import TrainModel
from headway.operations.training_report import report
from headway.operations.training_rows import Survey, TrainingRows

_READING: Final = 20.0
"""Per cent of the training proper that reading and counting stand for."""
_CHECKPOINT_SECONDS: Final = 0.5
"""Short epochs share a checkpoint: its fsync would take longer than they do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is trained, once everything is decided."""

    features: Features
    settings: Settings
    trials: Sequence[Trial]
    """What `auto` decided by; empty where nothing was left to decide."""

    @property
    def start(self) -> float:
        """Per cent of the job that are over when the training proper begins."""
        return SHARE if self.trials else 0.0


def train_model(request: TrainModel, ctx: Context) -> dict[str, Json]:
    """Publish a model that has seen all rows, with an accuracy from rows held out before.

    Continues at the trial or the epoch of the last checkpoint; the model is then the same, bit for
    bit, as that of an undisturbed run.
    """
    rows = TrainingRows(request, ctx)
    survey = rows.survey()
    plan = _plan(request, ctx, rows, survey)
    training = _training(ctx, rows, survey, plan)
    _run(training, plan, ctx)
    model_id = _publish(training, plan, request, ctx, survey)
    return {
        "model_id": model_id,
        "name": request.name,
        "alias": request.alias,
        "epochs": request.epochs,
        **report(training, plan.trials, rows, survey),
        "features": plan.features,
        "penalty": plan.settings.penalty,
    }


def _plan(request: TrainModel, ctx: Context, rows: TrainingRows, survey: Survey) -> Plan:
    settings = Settings(
        epochs=request.epochs,
        validation=request.validation,
        seed=request.seed,
        early_stopping=request.early_stopping,
        penalty=request.penalty or PENALTY,
        class_weights=_class_weights(request.class_weights, survey.classes),
    )
    if request.features != "auto":
        return Plan(request.features, settings, ())
    trials = try_out(ctx, rows, survey, settings, penalty=request.penalty)
    best = best_of(trials)
    return Plan(best.features, replace(settings, penalty=best.penalty), trials)


def _class_weights(
    asked: Mapping[str, float] | Literal["balanced"] | None, classes: Sequence[str]
) -> tuple[float, ...] | Literal["balanced"] | None:
    if asked is None or isinstance(asked, str):
        return asked
    unknown = sorted(set(asked) - set(classes))
    if unknown:
        raise NotRetryable(
            f"expected `class_weights` for labels among {', '.join(map(repr, classes[:20]))},"
            f" got: {', '.join(map(repr, unknown[:5]))}; name labels of the data set"
        )
    return tuple(asked.get(label, 1.0) for label in classes)


def _training(ctx: Context, rows: TrainingRows, survey: Survey, plan: Plan) -> Training:
    """A new training, or the one that an earlier attempt got to."""
    saved = ctx.resumed if ctx.resumed is not None and "progress" in ctx.resumed.state else None
    reading = plan.start + (100.0 - plan.start) * _READING / 100.0
    return Training(
        rows.counted(plan.features, plan.start, reading),
        survey.targets,
        survey.classes,
        plan.settings,
        features=plan.features,
        validation=survey.validation,
        progress=Progress() if saved is None else Progress.of_json(saved.state["progress"]),
        weights=None if saved is None else saved.blob(),
    )


def _run(training: Training, plan: Plan, ctx: Context) -> None:
    """Run the epochs that are left, reporting each and making some of them durable."""
    trials = [one.as_json() for one in plan.trials]
    saved = time.monotonic()
    for epoch in training.epochs(_Passes(training, plan, ctx)):
        _report(epoch, ctx)
        if time.monotonic() - saved >= _CHECKPOINT_SECONDS:
            progress = training.progress
            state = {"epoch": len(progress.curve), "progress": progress.as_json(), "trials": trials}
            ctx.checkpoint(state, training.weights())
            saved = time.monotonic()


def _report(epoch: Epoch, ctx: Context) -> None:
    if epoch.phase == "refit":
        return
    known = {name: value for name, value in epoch.figures.items() if value is not None}
    ctx.metric(known, step=epoch.number)


class _Passes:
    """Called between passes over the rows: shows progress, which also notices a cancel."""

    def __init__(self, training: Training, plan: Plan, ctx: Context) -> None:
        self._training = training
        self._epochs = plan.settings.epochs
        self._start = plan.start
        self._ctx = ctx
        self._at = (0, 0)

    def __call__(self) -> None:
        progress = self._training.progress
        done = len(progress.curve) + progress.refitted
        passes = self._at[1] + 1 if self._at[0] == done else 1
        self._at = (done, passes)
        share = (done + min(passes / (PASSES + 1), 1.0)) / (self._epochs + REFIT_EPOCHS)
        proper = _READING + (100.0 - _READING) * share
        percent = self._start + (100.0 - self._start) * proper / 100.0
        self._ctx.progress(percent, self._message(progress))

    def _message(self, progress: Progress) -> str:
        if progress.phase == "refit":
            return "refitting on all rows"
        return f"epoch {len(progress.curve) + 1} of {self._epochs}"


def _publish(
    training: Training, plan: Plan, request: TrainModel, ctx: Context, survey: Survey
) -> str:
    """The id of the new model. What `auto` chose stands in its parameters."""
    parameters = {
        **request.model_dump(mode="json", exclude={"examples"}),
        "features": plan.features,
        "penalty": plan.settings.penalty,
    }
    path = ctx.scratch / "model.npz"
    training.bundle(parameters).save(path)
    meta = {
        "classes": list(survey.classes),
        "metrics": dict(training.progress.measured),
        "parameters": parameters,
    }
    return ctx.publish("model", request.name, path, meta=meta, alias=request.alias)
