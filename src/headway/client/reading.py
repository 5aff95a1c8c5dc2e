"""Answers as values, and where the next page is."""

import re
from typing import TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from headway.client.calls import Call, get
from headway.client.errors import UnexpectedAnswer
from headway.client.session import Session
from headway.client.turn import Flow

T = TypeVar("T")


def read_as(adapter: TypeAdapter[T], response: httpx2.Response) -> T:
    """The answer as a value. Raise `UnexpectedAnswer` if it is none of these."""
    try:
        return adapter.validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        raise UnexpectedAnswer(
            f"expected an answer of the service to {response.request.url.path}, got another:"
            f" {first['msg']} at /{where}; is this client of the service's version?"
        ) from error


def asked(session: Session, call: Call, adapter: TypeAdapter[T]) -> Flow[T]:
    """What the service answers, as a value."""
    return read_as(adapter, (yield from session.answer(call)))


def next_page(response: httpx2.Response) -> Call | None:
    """The call for the page after this one; None at the last, and for a page of somebody else."""
    found = re.search(r'<(/[^/>][^>]*)>; rel="next"', response.headers.get("link", ""))
    if found is None:
        return None
    # The path of a service that is found below another path begins with that one; so does our
    # address, which a relative path would be put behind once more.
    return get(str(response.url.join(found.group(1))))
