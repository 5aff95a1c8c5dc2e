"""What a notice says: little, since whoever gets it asks for the rest with a token of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import orjson

from headway.job import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The end of a job, to be told. Every attempt to tell it sends the same bytes."""

    message_id: str
    """Of this message to this target: a receiver that has seen it before may drop it."""
    job_id: str
    job_type: str
    owner: str
    status: str
    completed_at: float
    error: str | None = None

    @property
    def event(self) -> str:
        """What happened, as receivers tell messages apart."""
        return f"job.{self.status}"

    @property
    def body(self) -> bytes:
        """JSON: `type`, `timestamp` and `data`, as Standard Webhooks has them."""
        at = datetime.fromtimestamp(self.completed_at, UTC)
        data: dict[str, Json] = {
            "job_id": self.job_id,
            "job_type": self.job_type,
            "status": self.status,
            "user_id": self.owner,
            "url": f"/api/v1/jobs/{self.job_id}",
        }
        timestamp = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return orjson.dumps({"type": self.event, "timestamp": timestamp, "data": data})

    @classmethod
    def of(cls, told: Json, message_id: str) -> Self:
        """The notice that the store wrote down, under the id it is sent by."""
        return cls(
            message_id=told.get("message_id") or message_id,
            job_id=told["job_id"],
            job_type=told["job_type"],
            owner=told["owner"],
            status=told["status"],
            completed_at=told["completed_at"],
            error=told["error"],
        )
