"""`promote_model`: move an alias to a version that proved to be good enough, or say why not."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from headway.context import Artifact, Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.models.scores import scores_of
from headway.operations.answering import Answering, open_answering
from headway.operations.inputs import BUNDLED, LabelledRows, labelled_rows
from headway.operations.requests.promote import PromoteModel
from headway.operations.tally import NO_ANSWER

Pairs = Counter[tuple[str, str]]
"""(true label, predicted label) -> rows."""

CANDIDATE: Final = "model"
CHAMPION: Final = "against"


def promote_model(request: PromoteModel, ctx: Context) -> dict[str, Json]:
    """Move the alias to the candidate if its macro F1 on the data set is not worse than that of
    the model that it is compared with. Both are asked about every row, and a text that a model has
    no answer to counts as missed. The alias moves with the verdict, so a cancelled or lost attempt
    moves nothing, and only from where the request says that it is: moved meanwhile, it stays, and
    the job fails. A candidate that is not good enough gets the reason as its result."""
    candidate = _candidate(ctx)
    rows = labelled_rows(ctx, request.text, request.label)
    fields = [CANDIDATE] if request.against is None else [CANDIDATE, CHAMPION]
    pairs = _asked(fields, rows, ctx)
    figures = {field: _figures(pairs[field]) for field in fields}
    reason = _objection(request, figures)
    if reason is None:
        replaces = None if request.replaces is None else "replaces"
        ctx.point_alias(CANDIDATE, request.alias, replaces=replaces, new=request.new)
    return {
        "promoted": reason is None,
        "reason": reason,
        "alias": request.alias,
        "model_id": candidate.id,
        "model": f"{candidate.name}@{candidate.version}",
        "candidate": figures[CANDIDATE],
        "champion": figures.get(CHAMPION),
        "rows": pairs[CANDIDATE].total(),
    }


def _candidate(ctx: Context) -> Artifact:
    artifact = ctx.artifact(CANDIDATE)
    if artifact is None or artifact.id.startswith(BUNDLED) or artifact.owner != ctx.owner:
        raise NotRetryable(
            "expected a model of yours to promote, got one that is shared or bundled; train one,"
            " or ask its owner"
        )
    return artifact


def _asked(fields: list[str], rows: LabelledRows, ctx: Context) -> dict[str, Pairs]:
    """What each of the models says to the rows, counted; goes on after the last checkpoint."""
    models = {field: open_answering(ctx, field) for field in fields}
    saved = ctx.resumed.state if ctx.resumed else None
    pairs: dict[str, Pairs] = {
        field: _of_json(saved[field]) if saved else Counter() for field in fields
    }
    for chunk in rows.chunks(int(saved["done"]) if saved else 0):
        for field, model in models.items():
            pairs[field].update(_pairs(model, chunk.texts, chunk.labels))
        counted = {field: _as_json(found) for field, found in pairs.items()}
        ctx.checkpoint({"done": chunk.done, **counted})
        ctx.progress(100 * chunk.done / rows.total, f"{chunk.done:,} of {rows.total:,} rows")
    if not pairs[CANDIDATE]:
        raise NotRetryable("expected rows with a text and a label, got none; name the columns")
    return pairs


def _pairs(model: Answering, texts: Sequence[str], labels: Sequence[str]) -> Pairs:
    found = [answer["prediction"] or NO_ANSWER for answer in model.answers(texts)]
    return Counter(zip(labels, found, strict=True))


def _figures(pairs: Pairs) -> dict[str, Json]:
    labels = sorted({label for pair in pairs for label in pair})
    codes = {label: code for code, label in enumerate(labels)}
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for (true, found), count in pairs.items():
        confusion[codes[true], codes[found]] = count
    scores = scores_of(confusion, labels)
    return {"accuracy": scores.accuracy, "macro_f1": scores.macro_f1}


def _objection(request: PromoteModel, figures: dict[str, dict[str, Json]]) -> str | None:
    """Why the candidate is not good enough; None if it is."""
    got = figures[CANDIDATE]["macro_f1"]
    if request.at_least is not None and got < request.at_least:
        return f"expected a macro F1 of at least {request.at_least:g}, got: {got:.4f}"
    if CHAMPION in figures:
        champion = figures[CHAMPION]["macro_f1"]
        if got < champion - request.tolerance:
            allowed = f" (less {request.tolerance:g})" if request.tolerance else ""
            return f"expected a macro F1 not worse than {champion:.4f}{allowed}, got: {got:.4f}"
    return None


def _as_json(pairs: Pairs) -> list[Json]:
    return [[*pair, count] for pair, count in sorted(pairs.items())]


def _of_json(saved: list[Json]) -> Pairs:
    return Counter({(true, found): count for true, found, count in saved})
