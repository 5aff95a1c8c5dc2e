"""What an evaluation found, as tables for a spreadsheet; the JSON has all of it at once."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from headway.csv_cells import csv_cell
from headway.errors import NotFinished, NotFound
from headway.http.auth import CallerDep
from headway.http.exports import MEDIA_TYPES
from headway.http.jobs import JobId
from headway.job import Job, Json, Status

Table = Literal["summary", "per_class", "confusion", "confused_labels", "reliability", "mistakes"]
Line = Sequence[Any]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get(
    "/{job_id}/evaluation.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def download_evaluation(
    caller: CallerDep,
    job_id: JobId,
    table: Annotated[Table, Query(description="Which part of the evaluation")] = "per_class",
) -> Response:
    """One table of an `evaluate_model` job that has completed. 404 for other jobs, 409 before its
    end."""
    result = _result(caller.parts.queue.get(job_id, caller.name))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for line in _TABLES[table](result):
        writer.writerow([csv_cell(value) for value in line])
    name = f"evaluation-{job_id}-{table}.csv"
    return Response(
        buffer.getvalue(),
        media_type=MEDIA_TYPES["csv"],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-cache",
        },
    )


def _result(job: Job) -> Json:
    if job.operation != "evaluate_model":
        raise NotFound(f"expected an evaluation, got a job of type {job.operation}")
    if job.status is not Status.COMPLETED:
        raise NotFinished(f"expected an evaluation that has completed, got a {job.status} one")
    return job.result


def _summary(result: Json) -> Iterator[Line]:
    """One line for each model, and one for each difference between two."""
    names = ("accuracy", "macro_f1", "weighted_f1", "calibration_error")
    yield ("model_id", "rows", *names)
    yield (result["model_id"], result["rows"], *(result[name] for name in names))
    other = result["comparison"]
    if other is None:
        return
    yield (result["against_id"], result["rows"], *(other[name] for name in names))
    for bound in ("difference", "low", "high"):
        found = other["differences"]
        yield (bound, "", *(found[name][bound] if name in found else "" for name in names))


def _confusion(result: Json) -> Iterator[Line]:
    """A line for each true label, a column for each answer; the header alone where the result has
    no matrix because of too many labels."""
    matrix = result["confusion"] or {"labels": [], "matrix": []}
    yield ("label", *matrix["labels"])
    for label, counts in zip(matrix["labels"], matrix["matrix"], strict=True):
        yield (label, *counts)


def _listed(name: str, columns: Sequence[str]) -> Callable[[Json], Iterator[Line]]:
    def lines(result: Json) -> Iterator[Line]:
        yield columns
        for entry in result[name]:
            yield [entry[column] for column in columns]

    return lines


_TABLES: Final[Mapping[Table, Callable[[Json], Iterator[Line]]]] = {
    "summary": _summary,
    "per_class": _listed("per_class", ("label", "precision", "recall", "f1", "support")),
    "confusion": _confusion,
    "confused_labels": _listed("confused_labels", ("label", "prediction", "rows")),
    "reliability": _listed("reliability", ("from", "to", "rows", "confidence", "accuracy")),
    "mistakes": _listed("mistakes", ("row", "text", "label", "prediction", "confidence")),
}
