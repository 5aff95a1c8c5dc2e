"""`promote_model`: move an alias to a version that proved to be good enough, or say why not."""

from typing import Final

from headway.artifacts import BUNDLED_PREFIX
from headway.context import Artifact, Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.answering import open_answering
from headway.operations.inputs import LabelledRows, labelled_rows
from headway.operations.requests.promote import PromoteModel
from headway.operations.tally import Tally

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
    tally = _asked(fields, rows, ctx)
    figures = {
        field: {name: one[name] for name in ("accuracy", "macro_f1")}
        for field, one in zip(fields, tally.figures(), strict=True)
    }
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
        "rows": tally.rows,
    }


def _candidate(ctx: Context) -> Artifact:
    artifact = ctx.artifact(CANDIDATE)
    if artifact is None or artifact.id.startswith(BUNDLED_PREFIX) or artifact.owner != ctx.owner:
        raise NotRetryable(
            "expected a model of yours to promote, got one that is shared or bundled; train one,"
            " or ask its owner"
        )
    return artifact


def _asked(fields: list[str], rows: LabelledRows, ctx: Context) -> Tally:
    """What each of the models says to the rows, counted; goes on after the last checkpoint."""
    models = [open_answering(ctx, field) for field in fields]
    saved = ctx.resumed.state if ctx.resumed else None
    tally = Tally.of_json(saved["tally"]) if saved else Tally()
    for chunk in rows.chunks(int(saved["done"]) if saved else 0):
        tally.add(chunk, [model.answers(chunk.texts) for model in models])
        ctx.checkpoint({"done": chunk.done, "tally": tally.as_json()})
        ctx.progress(100 * chunk.done / rows.total, f"{chunk.done:,} of {rows.total:,} rows")
    return tally


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
