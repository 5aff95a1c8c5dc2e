"""`register_model`: a file of the user's becomes a version of a model of his own kind."""

import shutil

from headway.artifacts import check_file
from headway.context import Context
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.requests.own import RegisterModel
from headway.pickles import pickled


def register_model(request: RegisterModel, ctx: Context) -> dict[str, Json]:
    """Publish the file as the next version of `name`, once it was loaded: here, in a process that
    may die of it. Pickles are refused."""
    file = ctx.artifact("file")
    own = ctx.models.get(request.format)
    if file is None or own is None:
        raise NotRetryable(
            f"expected one of the formats {', '.join(sorted(ctx.models)) or 'none is registered'},"
            f" got: {request.format!r}; register it with @model in a module of HEADWAY_OPERATIONS"
        )
    check_file(file.path, file.sha256)
    refused = pickled(file.path, file.name)
    if refused is not None:
        raise NotRetryable(refused)
    own.load(file.path)
    copy = ctx.scratch / "model.bin"
    shutil.copyfile(file.path, copy)
    meta = {"format": request.format, "file": file.name}
    model_id = ctx.publish("model", request.name, copy, meta=meta, alias=request.alias)
    return {"model_id": model_id, "name": request.name, "format": request.format}
