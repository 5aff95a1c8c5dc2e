"""`evaluate_model`: how good a model is on a labelled data set, and whether better than another."""

from collections.abc import Mapping, Sequence
from typing import Final

from headway.context import Context
from headway.job import Json
from headway.operations.answering import Answering, open_answering
from headway.operations.inputs import labelled_rows, open_dataset
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.spans import Stretch
from headway.operations.tally import Tally

_TALLY: Final = "tally"


def evaluate_model(request: EvaluateModel, ctx: Context) -> dict[str, Json]:
    """Give scores, calibration, the confusion matrix and the worst mistakes of a model on a data
    set; with `against`, also how sure it is that the model is better than that one. A label that a
    model does not know is a class it never predicts; a text that a model has no answer to counts as
    missed. Rows without text or label are left out."""
    models = [open_answering(ctx)]
    if request.against is not None:
        models.append(open_answering(ctx, "against"))
    rows = labelled_rows(ctx, request.text, request.label, rows=request.rows)
    tally = Tally.of_json(ctx.resumed.state[_TALLY]) if ctx.resumed else Tally()
    done = int(ctx.resumed.state["done"]) if ctx.resumed else 0
    for chunk in rows.chunks(done):
        tally.add(chunk, [model.answers(chunk.texts) for model in models])
        ctx.checkpoint({"done": chunk.done, _TALLY: tally.as_json()})
        ctx.progress(100 * chunk.done / rows.total, f"{chunk.done:,} of {rows.total:,} rows")
    told = tally.report(request.seed) if ctx.shard is None else {_TALLY: tally.as_json()}
    return {**_named(models), **told}


def split(request: EvaluateModel, ctx: Context) -> list[EvaluateModel]:
    """The same request for each of the stretches that many rows are judged in."""
    stretch = Stretch.of(open_dataset(ctx), request.rows)
    return [request.model_copy(update={"rows": one}) for one in stretch.spans()]


def merge(
    request: EvaluateModel, results: Sequence[Mapping[str, Json]], _ctx: Context
) -> dict[str, Json]:
    """Add up what was counted in each shard, and report on all of it."""
    tally = Tally()
    for one in results:
        tally.merge(Tally.of_json(one[_TALLY]))
    models = {name: value for name, value in results[0].items() if name != _TALLY}
    return {**models, **tally.report(request.seed)}


def _named(models: Sequence[Answering]) -> dict[str, Json]:
    against = models[1] if len(models) > 1 else None
    return {
        "model_id": models[0].id,
        "model": models[0].name,
        "against_id": None if against is None else against.id,
        "against": None if against is None else against.name,
    }
