"""What every request and answer has in common."""

from datetime import UTC, datetime

import orjson
from pydantic import BaseModel, ConfigDict

from headway.job import Json


class Request(BaseModel):
    """The base of all request bodies: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """The base of all answers: what was said is not changed afterwards."""

    model_config = ConfigDict(frozen=True)


class Message(Answer):
    """A sentence."""

    message: str


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as an aware time, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: float | None) -> datetime | None:
    """As `moment`; None for None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def encode(document: Json) -> bytes:
    """JSON bytes; times in RFC 3339 with a Z."""
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)
