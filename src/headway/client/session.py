"""One user at one service: his token, and every call made in his name."""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from typing import Any, Final

import httpx2
import orjson

from headway.client.by_answer import api_error
from headway.client.calls import Call, Listen, Renew, Send, post
from headway.client.errors import (
    ApiError,
    Attempt,
    BadAddress,
    Broken,
    ClientError,
    NeverSent,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
    Untrusted,
)
from headway.client.retry.clock import Clock
from headway.client.retry.failure import answer_in, is_untrusted
from headway.client.retry.policy import Policy
from headway.client.retry.retry_after import seconds_of
from headway.client.retry.trial import (
    Retrier,
    Trial,
    attempts_of,
    mark_as_repeated,
    note_attempts,
    repeated,
)
from headway.client.turn import Flow

TRANSPORT_ERRORS: Final[Mapping[type[Exception], type[ClientError]]] = {
    httpx2.ConnectError: NeverSent,
    httpx2.ConnectTimeout: NeverSent,
    httpx2.PoolTimeout: NeverSent,
    httpx2.TimeoutException: TimedOut,
    httpx2.UnsupportedProtocol: BadAddress,
    httpx2.InvalidURL: BadAddress,
    httpx2.DecodingError: UnexpectedAnswer,
    httpx2.TooManyRedirects: UnexpectedAnswer,
    httpx2.SSEError: UnexpectedAnswer,
    httpx2.LocalProtocolError: ClientError,
    httpx2.HTTPError: Broken,
    httpx2.StreamError: Broken,
    httpx2.CookieConflict: UnexpectedAnswer,
}
"""What each error of httpx2 is to a caller: the nearest class above it counts. A test proves that
none is missing."""
FOREIGN: Final[tuple[type[Exception], ...]] = tuple(TRANSPORT_ERRORS)

PASSING: Final = frozenset({429, 502, 503, 504})
"""Statuses that pass by themselves: see "What passes by itself" in docs/http.md, which a test holds
this to."""

ONCE: Final = Policy(attempts=1, budget=None)


def timeouts(seconds: float) -> httpx2.Timeout:
    """Seconds of silence to bear; a connection comes quickly or not at all."""
    return httpx2.Timeout(seconds, connect=min(seconds, 5.0))


class Session:
    """Who speaks, and how often he tries. Threads and loops may share one."""

    def __init__(
        self,
        policy: Policy,
        clock: Clock,
        *,
        username: str | None,
        password: str | None,
        token: str | None,
        patience: float,
    ) -> None:
        self.retrier = Retrier(policy, clock=clock)
        self.token = token
        self.patience = patience
        self._username = username
        self._password = password

    @property
    def can_sign_in(self) -> bool:
        return self._username is not None and self._password is not None

    def signed_in(self, stale: str | None) -> Flow[None]:
        """Take a new token, unless the stale one has been replaced meanwhile."""
        if self.token != stale:
            return
        form = {"username": self._username or "", "password": self._password or ""}
        response = yield from self.answer(post("/token", form=form, open_to_all=True))
        token = document(response)
        if not isinstance(token, dict) or not isinstance(token.get("access_token"), str):
            raise UnexpectedAnswer(f"expected a token, got: {response.text[:80]!r}")
        self.token = token["access_token"]

    def answer(self, call: Call) -> Flow[httpx2.Response]:
        """The answer of success to a call, whatever it takes within the policy."""
        return (yield from self._answer(call, self.retrier.trial()))

    def once(self, call: Call) -> Flow[httpx2.Response]:
        """The same in a single attempt, which says nothing about the service's health."""
        return (yield from self._answer(call, Retrier(ONCE, clock=self.retrier.clock).trial()))

    def _answer(self, call: Call, trial: Trial) -> Flow[httpx2.Response]:
        def once(trial: Trial) -> Generator[Any, Any, httpx2.Response]:
            return (yield from self._attempt(call, trial))

        try:
            response: httpx2.Response = yield from repeated(trial, once)
        except FOREIGN as error:
            raise _with_history(client_error(error), error) from error
        if not response.is_success and response.status_code != httpx2.codes.NOT_MODIFIED:
            refused = _with_attempts(refusal(response), tuple(trial.attempts))
            note_attempts(refused, refused.attempts)
            raise refused
        return response

    def wait_asked_by(self, response: httpx2.Response) -> float:
        """Seconds that an answer asks to be left alone."""
        headers, now = response.headers, self.retrier.clock.wall()
        return seconds_of(headers.get("retry-after"), now=now, date=headers.get("date")) or 0.0

    def _attempt(self, call: Call, trial: Trial) -> Flow[httpx2.Response]:
        if call.open_to_all:
            response = yield Send(call, None, trial.remaining)
            return response  # type: ignore[no-any-return] # a step's outcome has no type here
        return (yield from self.authorized(lambda token: Send(call, token, trial.remaining)))

    def authorized(self, step: Callable[[str | None], Send | Listen]) -> Flow[httpx2.Response]:
        """The answer to a step taken with a token; one that is no longer good is replaced once."""
        if self.token is None and self.can_sign_in:
            yield Renew(None)
        token = self.token
        response = yield step(token)
        if response.status_code == httpx2.codes.UNAUTHORIZED and self.can_sign_in:
            yield Renew(token)
            response = yield step(self.token)
        return response  # type: ignore[no-any-return] # a step's outcome has no type here


def document(response: httpx2.Response) -> Any:
    """The answer's JSON; None when it is none."""
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(response.content)
    return None


def refusal(response: httpx2.Response) -> ClientError:
    """The error that an answer without success describes."""
    if response.is_redirect:
        target = response.headers.get("location", "")[:200]
        return UnexpectedAnswer(
            f"expected an answer, got a redirect to {target!r}; give the client that address if"
            " you trust it"
        )
    wait = seconds_of(response.headers.get("retry-after"), now=time.time())
    return api_error(response.status_code, document(response), retry_after=wait)


def client_error(error: Exception) -> ClientError:
    """What an error of httpx2 is to whoever uses the client."""
    response = answer_in(error)
    if response is not None:
        return refusal(response)
    if is_untrusted(error):
        return Untrusted(f"expected a certificate that can be trusted, got: {error}")
    kind = next(TRANSPORT_ERRORS[base] for base in type(error).__mro__ if base in TRANSPORT_ERRORS)
    return kind(_sentence(kind, error))


def _sentence(kind: type[ClientError], error: Exception) -> str:
    reason = str(error) or type(error).__name__
    if issubclass(kind, Unreachable):
        return f"expected an answer from {_host(error)}, got: {reason}; is the service running?"
    if kind is BadAddress:
        return f"expected an address such as http://localhost:8000, got: {reason}"
    return f"expected an answer of the service, got: {reason}"


def _host(error: Exception) -> str:
    with suppress(RuntimeError):  # no request is known
        request = getattr(error, "request", None)
        if request is not None:
            return str(request.url.copy_with(path="/", query=None, userinfo=b"")).rstrip("/")
    return "the service"


def _with_history(error: ClientError, told: Exception) -> ClientError:
    """The error with the history of the one it stands for."""
    if len(attempts_of(told)) > 1:
        for note in told.__notes__:
            error.add_note(note)
    return _with_attempts(error, attempts_of(told))


def _with_attempts(error: ClientError, attempts: tuple[Attempt, ...]) -> ClientError:
    """The error with what was tried before it; no helper further out repeats that."""
    if attempts:
        error.attempts = attempts
        mark_as_repeated(error, attempts)
    return error


def passes(error: ClientError) -> bool:
    """True for what passes by itself: the service is away, or says that it cannot answer now."""
    if isinstance(error, ApiError):
        return error.status in PASSING
    return isinstance(error, Unreachable) and not isinstance(error, Untrusted)
