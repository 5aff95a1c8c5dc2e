"""Requests as values, and the steps that flows ask their pump for."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import uuid4

import httpx2
import orjson

from headway.wire.jobs import job_url

Progress = Callable[[int, int], None]
"""Called with the bytes that were sent, and with those there are."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way; opened anew for each attempt, so that each sends all of it."""

    path: Path
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request. Repeated, it carries the same bytes and the same key."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    """JSON."""
    form: Mapping[str, str] | None = None
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    """Seconds of silence to bear; None for the client's own measure."""
    open_to_all: bool = False
    """It needs no token."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call, and give the whole answer."""

    call: Call
    token: str | None
    timeout: float | None


@dataclass(frozen=True, slots=True)
class Listen:
    """Send the call, and give the answer before its body: the body is an event stream, or is read."""

    call: Call
    token: str | None


@dataclass(frozen=True, slots=True)
class Hear:
    """Give the next event of the stream that is open; None at its end."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the stream. Closing none is fine."""


@dataclass(frozen=True, slots=True)
class Renew:
    """Sign in again, unless somebody else has done so since this token was taken."""

    stale: str | None


def get(path: str, **options: Any) -> Call:
    """A call that reads."""
    return Call("GET", path, **options)


def post(
    path: str, body: Any = None, *, key: str | None = None, method: str = "POST", **options: Any
) -> Call:
    """A call that does something, under a key of its own, so that repeating it is safe."""
    headers = {"Idempotency-Key": key or str(uuid4())}
    if body is None:
        return Call(method, path, headers=headers, **options)
    headers["Content-Type"] = "application/json"
    return Call(method, path, headers=headers, content=orjson.dumps(body), **options)


def url_of(job_id: str) -> str:
    """Where a job is found, whatever the id is made of."""
    return job_url(quote(job_id, safe=""))


@contextlib.contextmanager
def opened(
    call: Call, token: str | None, timeout: float | None, default: httpx2.Timeout
) -> Iterator[dict[str, Any]]:
    """The call as arguments of httpx2's `build_request`, with its file open."""
    headers = dict(call.headers)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    options: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "params": {name: value for name, value in call.params.items() if value is not None} or None,
        "headers": headers,
        "timeout": _bounded(default, call.timeout, timeout),
    }
    if call.content is not None:
        options["content"] = call.content
    if call.form is not None:
        options["data"] = call.form
    if call.upload is None:
        yield options
        return
    with call.upload.path.open("rb") as file:
        told = _Told(file, call.upload)
        yield options | {"files": {"file": (call.upload.path.name, told, "text/csv")}}


def _bounded(
    default: httpx2.Timeout, silence: float | None, remaining: float | None
) -> httpx2.Timeout:
    """The client's timeouts with this call's patience, none beyond the deadline."""
    bounds = default.as_dict()
    if silence is not None:
        bounds["read"] = silence
    if remaining is not None:
        bounds = {
            name: remaining if bound is None else min(bound, remaining)
            for name, bound in bounds.items()
        }
    return httpx2.Timeout(**bounds)


class _Told:
    """A file that tells how much of it was read."""

    def __init__(self, file: BinaryIO, upload: Upload) -> None:
        self._file = file
        self._progress = upload.progress
        self._size = upload.path.stat().st_size

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if self._progress is not None:
            self._progress(self._file.tell(), self._size)
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()
