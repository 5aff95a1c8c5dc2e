"""The part of a training that `auto` adds: trying out candidates, each trial durable."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from headway.context import Context
from headway.models.choice import Trial, Tryout, candidates_for, rows_to_try, trials
from headway.models.epochs import Settings
from headway.operations.training_rows import Survey, TrainingRows

SHARE: Final = 30.0
"""Per cent of the whole job that trying out stands for."""


def try_out(
    ctx: Context,
    rows: TrainingRows,
    survey: Survey,
    settings: Settings,
    *,
    penalty: float | None,
) -> list[Trial]:
    """Judge what `auto` may choose from, without those that an earlier attempt has judged."""
    known = ctx.resumed.state["trials"] if ctx.resumed else []
    tried = [Trial(**one) for one in known]
    candidates = candidates_for(int(survey.lengths.sum()), penalty)
    if len(tried) == len(candidates):
        return tried
    tryout = _tryout(rows, survey, settings)
    for trial in trials(tryout, candidates, tried, _Passes(ctx, tried, len(candidates))):
        tried.append(trial)
        ctx.checkpoint({"trial": len(tried), "trials": [one.as_json() for one in tried]})
    return tried


def _tryout(rows: TrainingRows, survey: Survey, settings: Settings) -> Tryout:
    """The texts to try on: of rows to learn from alone, none of those held out."""
    learned = np.flatnonzero(~survey.held(settings))
    classes = len(survey.classes)
    picked = rows_to_try(
        survey.targets[learned],
        survey.lengths[learned],
        1 if classes == 2 else classes,
        settings.seed,
    )
    positions = learned[picked]
    return Tryout(
        rows.texts_at(positions),
        survey.targets[positions],
        classes,
        settings.seed,
        settings.class_weights,
    )


class _Passes:
    """Called between passes over the rows: shows progress, which also notices a cancel."""

    def __init__(self, ctx: Context, tried: Sequence[Trial], candidates: int) -> None:
        self._ctx = ctx
        self._tried = tried
        self._candidates = candidates

    def __call__(self) -> None:
        done = len(self._tried)
        message = f"trying out features, {done + 1} of {self._candidates}"
        self._ctx.progress(SHARE * done / self._candidates, message)
