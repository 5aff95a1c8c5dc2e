"""What went wrong in one attempt, said the same for httpx and httpx2: neither needs to be there."""

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from headway.client.retry.policy import IN_FLIGHT, Policy
from headway.client.retry.retry_after import seconds_of

LIBRARIES: Final = frozenset({"httpx", "httpx2"})
NEVER_SENT: Final = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
CURABLE: Final = frozenset(
    {"TimeoutException", "NetworkError", "RemoteProtocolError", "ProxyError", "SSEError"}
)
"""With everything below them in the trees of both libraries. Not these: what the request itself
got wrong, too many redirects, a body that cannot be decoded."""


@runtime_checkable
class Response(Protocol):
    """What is asked of an answer."""

    @property
    def status_code(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, whatever the case of their names."""

    @property
    def reason_phrase(self) -> str:
        """The words of the status."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, and what that says about another one."""

    reason: str
    """Fit for a log: names and numbers, nothing of what was sent."""
    curable: bool
    """Another attempt may fare better."""
    never_sent: bool = False
    """The request did not leave, so nothing can have happened."""
    unwell: bool = False
    """The server itself is in trouble, not only this request."""
    timed_out: bool = False
    retry_after: float | None = None
    method: str | None = None
    """None where nobody says what was sent."""
    keyed: bool = False
    spent: bool = False
    """The body came from an iterator that cannot be read again."""

    def worth_another(self, policy: Policy) -> bool:
        """Whether to try again, as far as this failure is concerned."""
        if self.never_sent or not self.curable:
            return self.curable
        repeatable = self.keyed or self.method is None or self.method in policy.methods
        return repeatable and not self.spent


def failure_of(error: Exception) -> Failure | None:
    """The failure that an error of httpx or httpx2 tells of; None for any other error."""
    names = {one.__name__ for one in type(error).__mro__ if _library(one) in LIBRARIES}
    if not names:
        return None
    if "HTTPStatusError" in names:
        return None  # it holds the answer, which says more: see `answer_in`
    request = _attribute(error, "request")
    curable = bool(names & CURABLE) and not is_untrusted(error)
    return Failure(
        reason=type(error).__name__,
        curable=curable,
        never_sent=bool(names & NEVER_SENT),
        unwell=curable,
        timed_out="TimeoutException" in names,
        **_said_of(request),
    )


def answer_in(error: Exception) -> Any:
    """The answer that an `HTTPStatusError` of either library holds; None for any other error."""
    names = {one.__name__ for one in type(error).__mro__ if _library(one) in LIBRARIES}
    return _attribute(error, "response") if "HTTPStatusError" in names else None


def failure_in(response: Response, policy: Policy, *, now: float) -> Failure | None:
    """The failure that an answer tells of; None for a status that no other attempt would change."""
    status = response.status_code
    if status not in policy.statuses and not (status == 409 and _code(response) == IN_FLIGHT):
        return None
    headers = response.headers
    return Failure(
        reason=f"{status} {response.reason_phrase}".strip(),
        curable=True,
        unwell=status >= 500,
        timed_out=status in (408, 504),
        retry_after=seconds_of(headers.get("retry-after"), now=now, date=headers.get("date")),
        **_said_of(_attribute(response, "request")),
    )


def is_untrusted(error: BaseException) -> bool:
    """True when TLS was refused, which waiting does not mend; a handshake cut short is another matter."""
    cut_short = ssl.SSLEOFError | ssl.SSLZeroReturnError | ssl.SSLSyscallError
    return any(
        isinstance(one, ssl.SSLError) and not isinstance(one, cut_short) for one in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(20):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _library(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _attribute(thing: object, name: str) -> Any:
    """Both libraries raise `RuntimeError` where there is no request."""
    try:
        return getattr(thing, name, None)
    except RuntimeError:
        return None


def _said_of(request: Any) -> dict[str, Any]:
    if request is None:
        return {}
    headers, stream = request.headers, getattr(request, "stream", None)
    is_read_off = bool(getattr(stream, "_is_stream_consumed", False))
    return {
        "method": str(request.method).upper(),
        "keyed": "idempotency-key" in headers,
        # Chunks are what an iterator is sent in; it, or a file, may be at its end now.
        "spent": is_read_off or "transfer-encoding" in headers,
    }


def _code(response: Any) -> Any:
    try:
        problem = json.loads(response.content)
    except (ValueError, RuntimeError):  # not JSON, or a body that was not read
        return None
    return problem.get("code") if isinstance(problem, dict) else None
