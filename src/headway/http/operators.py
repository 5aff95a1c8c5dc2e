"""What those who keep the service running see of everybody's jobs: that they are, not what is in them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from headway.http.auth import CallerDep
from headway.http.json_answer import json_answer
from headway.http.scopes import needs
from headway.job import Job, Status
from headway.rights import Scope
from headway.store.values.history import JobQuery
from headway.wire.base import moment, moment_or_none
from headway.wire.overview import OperatedJob

router = APIRouter(prefix="/api/v1/operator", tags=["overview"])


@router.get("/jobs", response_model=list[OperatedJob])
@needs(Scope.OPERATE)
def list_all_jobs(
    caller: CallerDep,
    status: Annotated[list[Status] | None, Query()] = None,
    job_type: Annotated[str | None, Query(max_length=64)] = None,
    user_id: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Everybody's jobs, newest first: where each stands and since when. No input, no result, no
    message and no error, which may tell of what is in them."""
    found = caller.parts.queue.find(
        JobQuery(owner=user_id, statuses=status or (), operation=job_type, limit=limit)
    )
    return json_answer([_document(job) for job in found])


def _document(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "job_type": job.operation,
        "user_id": job.owner,
        "status": job.status.value,
        "waiting_for": job.waiting_for,
        "priority": job.priority,
        "progress": job.progress,
        "attempt": job.attempt,
        "crashes": job.crashes,
        "interruptions": job.interruptions,
        "created_at": moment(job.created_at),
        "started_at": moment_or_none(job.started_at),
        "completed_at": moment_or_none(job.completed_at),
    }
