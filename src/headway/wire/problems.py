"""Errors, as RFC 9457 has them."""

from pydantic import Field

from headway.wire.base import Answer


class ProblemPart(Answer):
    """One thing that is wrong with a request body."""

    pointer: str = Field(description="RFC 6901, into the request body")
    detail: str


class Problem(Answer):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[ProblemPart] = Field(default_factory=list)
    limit: float | None = Field(default=None, description="How much is allowed, if that was it")
    current: float | None = Field(default=None, description="How much there was already")
