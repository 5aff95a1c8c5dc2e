"""`evaluate_model`: how good a model is on a labelled data set, and whether better than another."""

from headway.context import Context
from headway.job import Json
from headway.operations.answering import open_answering
from headway.operations.inputs import labelled_rows
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.tally import Tally


def evaluate_model(request: EvaluateModel, ctx: Context) -> dict[str, Json]:
    """Give scores, calibration, the confusion matrix and the worst mistakes of a model on a data
    set; with `against`, also how sure it is that the model is better than that one. A label that a
    model does not know is a class it never predicts; a text that a model has no answer to counts as
    missed. Rows without text or label are left out."""
    models = [open_answering(ctx)]
    if request.against is not None:
        models.append(open_answering(ctx, "against"))
    rows = labelled_rows(ctx, request.text, request.label)
    tally = Tally.of_json(ctx.resumed.state["tally"]) if ctx.resumed else Tally()
    done = int(ctx.resumed.state["done"]) if ctx.resumed else 0
    for chunk in rows.chunks(done):
        tally.add(chunk, [model.answers(chunk.texts) for model in models])
        ctx.checkpoint({"done": chunk.done, "tally": tally.as_json()})
        ctx.progress(100 * chunk.done / rows.total, f"{chunk.done:,} of {rows.total:,} rows")
    return {
        "model_id": models[0].id,
        "model": models[0].name,
        "against_id": models[1].id if request.against is not None else None,
        "against": models[1].name if request.against is not None else None,
        **tally.report(request.seed),
    }
