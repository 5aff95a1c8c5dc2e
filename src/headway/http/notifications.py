"""Whom to tell of the end of jobs, and what came of telling them."""

from http import HTTPStatus
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from headway.http.auth import Caller, CallerDep, identified
from headway.http.bodies import body_of, read_as
from headway.http.jobs import JobId
from headway.http.json_answer import NO_STORE, json_answer
from headway.http.repeats import RepeatableRoute, repeatable
from headway.notices import Target
from headway.store.values.history import AttemptRecord
from headway.store.values.notices import Delivery, NoticeSettings
from headway.wire.base import moment, moment_or_none
from headway.wire.notifications import (
    DeliveryView,
    NotificationsRequest,
    NotificationsView,
    wishes,
)

"""An answer with a secret in it."""

router = APIRouter(prefix="/api/v1", tags=["notifications"], route_class=RepeatableRoute)

DeliveryId = Annotated[str, Path(max_length=100)]


@router.get("/users/me/notifications", response_model=NotificationsView)
def read_settings(caller: CallerDep) -> Response:
    """Whom you want told of the end of each job that does not say, and what signs it."""
    return _shown(caller.parts.queue.notifications.settings(caller.name))


@router.put(
    "/users/me/notifications",
    response_model=NotificationsView,
    openapi_extra=body_of(NotificationsRequest),
)
@repeatable
async def choose(request: Request) -> Response:
    """Tell these of every job of yours that does not say whom to tell."""
    caller = await identified(request)
    wish = await read_as(NotificationsRequest, request, caller)
    notifications = caller.parts.queue.notifications
    return _shown(await to_thread.run_sync(notifications.choose, caller.name, wishes(wish.targets)))


@router.post("/users/me/notifications/secret", response_model=NotificationsView)
@repeatable
def change_secret(caller: CallerDep) -> Response:
    """Sign with a new secret from now on. For a day each message is signed with both."""
    return _shown(caller.parts.queue.notifications.change_secret(caller.name))


@router.get("/jobs/{job_id}/deliveries", response_model=list[DeliveryView])
def list_deliveries(caller: CallerDep, job_id: JobId) -> Response:
    """What was sent, or is to be sent, about a job of yours, with every attempt."""
    caller.parts.queue.get(job_id, caller.name)
    found = caller.parts.queue.notifications.deliveries(job_id)
    return json_answer([_delivery(caller, one) for one in found])


@router.post(
    "/jobs/{job_id}/deliveries/{delivery_id}/replay",
    response_model=DeliveryView,
    status_code=HTTPStatus.ACCEPTED,
)
@repeatable
def replay(caller: CallerDep, job_id: JobId, delivery_id: DeliveryId) -> Response:
    """Send a message once more, under its own id: a receiver that has seen it can tell."""
    caller.parts.queue.get(job_id, caller.name)
    again = caller.parts.queue.notifications.replay(job_id, delivery_id)
    return json_answer(_delivery(caller, again), HTTPStatus.ACCEPTED)


def _shown(settings: NoticeSettings) -> Response:
    document = {
        "targets": [_target(one) for one in settings.targets],
        "signing_secret": settings.secret,
    }
    return json_answer(document, headers=NO_STORE)


def _target(target: Target) -> dict[str, Any]:
    return {"webhook": None, "email": None} | target.told()


def _delivery(caller: Caller, one: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": one.id,
        "status": one.status,
        "target": _target(one.target),
        "created_at": moment(one.created_at),
        "completed_at": moment_or_none(one.completed_at),
        "next_attempt_at": moment_or_none(one.next_at),
        "error": one.error,
        "attempts": [
            _attempt(record) for record in caller.parts.queue.notifications.attempts(one.id)
        ],
    }


def _attempt(record: AttemptRecord) -> dict[str, Any]:
    return {
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "outcome": record.error or record.reason,
    }
