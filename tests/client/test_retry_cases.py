"""Thirty ways to get retrying wrong, each shown not to happen: fake clock, seeded jitter."""

import asyncio
import logging
import random
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx2
import pytest

from headway.client import AsyncClient, Client, with_backoff
from headway.client.errors import CircuitOpen, NeverSent, TimedOut, Unavailable, UnexpectedAnswer
from headway.client.retry import (
    BreakerRule,
    BudgetRule,
    Doubling,
    Policy,
    Retrier,
    attempts_of,
    call_with,
)
from headway.client.retry.failure import Failure
from headway.retry import Backoff
from tests.client.fake_clock import FakeClock, Script

KEY = {"Idempotency-Key": "one"}
ME = {"username": "alice", "disabled": False, "created_at": "2026-01-01T00:00:00Z"}
ME |= {"request_count": 0, "last_request_time": None}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def retrier(clock: FakeClock, policy: Policy | None = None, seed: int = 7) -> Retrier:
    return Retrier(policy or Policy(), clock=clock, uniform=random.Random(seed).uniform)


def tried(
    script: Script,
    clock: FakeClock,
    method: str = "GET",
    *,
    policy: Policy | None = None,
    **options: Any,
) -> httpx2.Response:
    """A request under the policy."""
    with script.http() as http:
        return call_with(retrier(clock, policy), lambda: http.request(method, "/", **options))


def client(script: Script, clock: FakeClock, **options: Any) -> Client:
    options = {"token": "a-token", **options}
    return Client("http://service", transport=script.transport, clock=clock, **options)


def test_01_the_first_call_succeeds(clock: FakeClock) -> None:
    script = Script(200)
    assert tried(script, clock).status_code == 200
    assert (script.calls, clock.sleeps) == (1, [])


@pytest.mark.parametrize("attempts", [2, 3, 5])
def test_02_the_last_call_succeeds(clock: FakeClock, attempts: int) -> None:
    script = Script(*[503] * (attempts - 1), 200)
    assert tried(script, clock, policy=Policy(attempts=attempts)).status_code == 200
    assert (script.calls, len(clock.sleeps)) == (attempts, attempts - 1)


@pytest.mark.parametrize("attempts", [1, 2, 4])
@pytest.mark.parametrize(
    ("answer", "kind"), [(503, httpx2.HTTPStatusError), (httpx2.ReadError, httpx2.ReadError)]
)
def test_03_every_call_fails(
    clock: FakeClock, attempts: int, answer: Any, kind: type[Exception]
) -> None:
    """No sleep after the last; its error is raised, with those before it and the whole log."""
    script = Script(answer)
    with pytest.raises(kind) as failed:
        tried(script, clock, policy=Policy(attempts=attempts))
    assert (script.calls, len(clock.sleeps)) == (attempts, attempts - 1)
    log = attempts_of(failed.value)
    assert [one.number for one in log] == list(range(1, attempts + 1))
    assert [one.waited for one in log] == [*clock.sleeps, None]
    assert len(failed.value.__notes__) == attempts + 1
    chain, error = 0, failed.value.__cause__
    while error is not None:
        chain, error = chain + isinstance(error, kind), error.__cause__
    assert chain == attempts - 1


def test_04_one_attempt_and_none(clock: FakeClock) -> None:
    script = Script(503)
    with pytest.raises(httpx2.HTTPStatusError):
        tried(script, clock, policy=Policy(attempts=1))
    assert (script.calls, clock.sleeps) == (1, [])
    with pytest.raises(ValueError, match="expected at least 1 attempt, got: 0"):
        Policy(attempts=0)
    with pytest.raises(ValueError, match="expected at least 1 attempt, got: 0"):
        with_backoff(lambda: pytest.fail("it was called"), retries=0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422])
@pytest.mark.parametrize("raised", [False, True])
def test_05_what_cannot_be_cured_is_not_tried_again(
    clock: FakeClock, status: int, raised: bool
) -> None:
    """Returned as it came, or raised as the function raised it."""
    script = Script(status)
    with script.http() as http:

        def ask() -> httpx2.Response:
            response = http.get("/")
            return response.raise_for_status() if raised else response

        if raised:
            with pytest.raises(httpx2.HTTPStatusError):
                call_with(retrier(clock), ask)
        else:
            assert call_with(retrier(clock), ask).status_code == status
    assert (script.calls, clock.sleeps) == (1, [])


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
@pytest.mark.parametrize("raised", [False, True])
def test_06_what_passes_is_tried_again(clock: FakeClock, status: int, raised: bool) -> None:
    script = Script(status, 200)
    with script.http() as http:

        def ask() -> httpx2.Response:
            response = http.get("/")
            return response.raise_for_status() if raised else response

        assert call_with(retrier(clock), ask).status_code == 200
    assert script.calls == 2


def test_06_a_409_is_tried_again_only_while_the_first_is_in_flight(clock: FakeClock) -> None:
    waiting = httpx2.Response(409, json={"code": "in_flight"})
    other = httpx2.Response(409, json={"code": "not_finished"})
    assert tried(Script(waiting, 200), clock, "POST", headers=KEY).status_code == 200
    assert tried(Script(other, 200), clock, "POST", headers=KEY).status_code == 409


@pytest.mark.parametrize(
    ("method", "headers", "calls"), [("GET", {}, 2), ("POST", {}, 1), ("POST", KEY, 2)]
)
@pytest.mark.parametrize("status", [500, 503])
def test_07_a_post_is_tried_again_only_with_a_key(
    clock: FakeClock, method: str, headers: dict[str, str], calls: int, status: int
) -> None:
    script = Script(status, 200)
    if calls == 2:
        assert tried(script, clock, method, headers=headers).status_code == 200
    else:
        with pytest.raises(httpx2.HTTPStatusError):
            tried(script, clock, method, headers=headers)
    assert script.calls == calls


@pytest.mark.parametrize("error", [httpx2.ConnectError, httpx2.ConnectTimeout])
def test_08_what_was_never_sent_is_sent_again(clock: FakeClock, error: type[Exception]) -> None:
    script = Script(error, 200)
    assert tried(script, clock, "POST").status_code == 200
    assert script.calls == 2


@pytest.mark.parametrize(
    "error", [httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError]
)
def test_09_what_may_have_arrived_is_not(clock: FakeClock, error: type[Exception]) -> None:
    """With a key it is."""
    script = Script(error, 200)
    with pytest.raises(error):
        tried(script, clock, "POST")
    assert script.calls == 1
    assert tried(Script(error, 200), clock, "POST", headers=KEY).status_code == 200


@pytest.mark.parametrize("error", [httpx2.LocalProtocolError, httpx2.UnsupportedProtocol])
def test_09_what_the_request_got_wrong_is_not_sent_again(
    clock: FakeClock, error: type[Exception]
) -> None:
    script = Script(error, 200)
    with pytest.raises(error):
        tried(script, clock)
    assert script.calls == 1


def test_09_a_refused_certificate_is_not_tried_again(clock: FakeClock) -> None:
    """A handshake that was cut short is."""

    def refused(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("TLS") from ssl.SSLCertVerificationError("self-signed")

    def cut(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("TLS") from ssl.SSLEOFError("cut")

    script = Script(refused, 200)
    with pytest.raises(httpx2.ConnectError):
        tried(script, clock)
    assert script.calls == 1
    assert tried(Script(cut, 200), clock).status_code == 200


def test_10_a_repeat_has_the_same_key_and_body(clock: FakeClock) -> None:
    """The next call has a key of its own."""
    accepted = httpx2.Response(
        202, json={"job_id": "j", "status": "pending", "message": "", "poll_url": ""}
    )
    script = Script(503, httpx2.ReadError, accepted)
    with client(script, clock) as api:
        api.submit("nothing", {"note": "x"})
        assert len(set(script.heads("idempotency-key"))) == 1
        assert len({one.content for one in script.requests}) == 1
        assert script.calls == 3
        api.submit("nothing", {"note": "x"})
    assert len(set(script.heads("idempotency-key"))) == 2


def test_11_a_body_that_can_be_read_once_is_sent_once(clock: FakeClock) -> None:
    """Sent again it would be empty."""
    pieces = iter([b"a", b"b"])
    script = Script(503, 200)
    with pytest.raises(httpx2.HTTPStatusError):
        tried(script, clock, "PUT", content=pieces)
    assert [one.content for one in script.requests] == [b"ab"]


def test_11_an_upload_is_sent_whole_each_time(clock: FakeClock, tmp_path: Path) -> None:
    """The file is opened anew."""
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" * 1000)
    script = Script(503, httpx2.Response(202, json={"task_id": "t", "status": "queued"}))
    with client(script, clock) as api:
        api.import_csv(file)
    assert [one.content.count(b"text,label") for one in script.requests] == [1000, 1000]


@pytest.mark.parametrize("retry", [0, 1, 2, 5, 9])
def test_12_delays_are_spread_over_all_they_may_be(retry: int) -> None:
    delays, uniform = Policy().delays, random.Random(7).uniform
    assert isinstance(delays, Backoff)
    samples = [delays.delay(retry, uniform) for _ in range(10_000)]
    ceiling = min(delays.cap, delays.base * 2**retry)
    assert all(0 <= one <= ceiling for one in samples)
    assert fmean(samples) == pytest.approx(ceiling / 2, rel=0.03)
    assert len(set(samples)) > 9_000


def test_13_many_retries_overflow_nothing() -> None:
    assert 0 <= Policy().delays.delay(2000) <= 8.0
    assert Doubling(0.5, 0.1).delay(2000) < float("inf")


def test_14_a_crowd_does_not_come_back_together() -> None:
    """Of 1,000 clients that failed at once, no tenth of a second sees more than three times its share."""
    arrivals: Counter[int] = Counter()
    for seed in range(1000):
        trial = retrier(FakeClock(), Policy(attempts=4), seed).trial()
        waits = [trial.failed(Failure("503", curable=True)) for _ in range(3)]
        assert waits[2] is not None
        arrivals[int(waits[2] * 10)] += 1
    assert len(arrivals) == 10
    assert max(arrivals.values()) <= 3 * 1000 / 10


@pytest.mark.parametrize(
    ("value", "waits"),
    [
        ("3", 3.0),
        ("Fri, 15 Jan 2027 08:16:45 GMT", 5.0),
        ("Friday, 15-Jan-27 08:16:45 GMT", 5.0),
        ("Fri Jan 15 08:16:45 2027", 5.0),
        ("Fri, 15 Jan 2021 08:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("1e3", None),
        ("", None),
    ],
)
def test_15_what_the_server_asks_for_is_waited(
    clock: FakeClock, value: str, waits: float | None
) -> None:
    """A date gone by is no wait, and what is no time at all is ignored."""
    script = Script(httpx2.Response(503, headers={"Retry-After": value}), 200)
    assert clock.wall() == 1_800_001_000.0  # Fri, 15 Jan 2027 08:16:40 GMT
    tried(script, clock)
    (slept,) = clock.sleeps
    if waits:
        assert slept == pytest.approx(waits)
    else:
        assert 0 <= slept <= 0.25


def test_15_a_date_is_measured_by_the_clock_that_made_it(clock: FakeClock) -> None:
    """The server's clock may be an hour wrong."""
    headers = {
        "Date": "Fri, 15 Jan 2027 09:16:40 GMT",
        "Retry-After": "Fri, 15 Jan 2027 09:16:44 GMT",
    }
    tried(Script(httpx2.Response(429, headers=headers), 200), clock)
    assert clock.sleeps == [4.0]


@pytest.mark.parametrize("deadline", [90.0, None])
def test_15_a_rest_without_end_is_not_waited_for(clock: FakeClock, deadline: float | None) -> None:
    script = Script(httpx2.Response(503, headers={"Retry-After": "1000000000"}))
    with pytest.raises(httpx2.HTTPStatusError):
        tried(script, clock, policy=Policy(deadline=deadline))
    assert (script.calls, clock.sleeps) == (1, [])


def test_16_a_rest_beyond_the_deadline_is_not_waited_for(clock: FakeClock) -> None:
    script = Script(httpx2.Response(503, headers={"Retry-After": "20"}))
    with pytest.raises(httpx2.HTTPStatusError) as failed:
        tried(script, clock, policy=Policy(deadline=10.0))
    assert (script.calls, clock.sleeps) == (1, [])
    assert "deadline" in failed.value.__notes__[-1]


def test_17_a_server_that_hangs_costs_no_more_than_the_deadline(clock: FakeClock) -> None:
    """Each try may take what is left, and no more."""
    allowed: list[float] = []

    def hang(request: httpx2.Request) -> httpx2.Response:
        allowed.append(request.extensions["timeout"]["read"])
        clock.now += min(0.4, allowed[-1])
        raise httpx2.ReadTimeout("no word", request=request)

    began = clock.now
    policy = Policy(attempts=20, deadline=1.0)
    with client(Script(hang), clock, policy=policy) as api, pytest.raises(TimedOut):
        api.me()
    assert clock.now - began <= 1.05
    assert len(allowed) > 1
    assert allowed == sorted(allowed, reverse=True)
    assert all(one <= 1.0 for one in allowed)


def test_18_a_deadline_that_passes_in_a_sleep_ends_the_call() -> None:
    """A machine that was asleep makes no late call."""

    class Late(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self.now += 60

    script, clock = Script(503), Late()
    with pytest.raises(httpx2.HTTPStatusError) as failed:
        tried(script, clock, policy=Policy(deadline=30.0))
    assert (script.calls, len(clock.sleeps)) == (1, 1)
    assert "deadline" in failed.value.__notes__[-1]


def test_19_an_empty_budget_pays_for_no_retry(clock: FakeClock) -> None:
    """The error says so; calls that succeed fill it again."""
    own = retrier(clock, Policy(budget=BudgetRule(capacity=5, cost=5, refill=1)))
    script = Script(503, 200, 503, 200)
    with script.http() as http:
        own.budget.pay(Failure("for a test", curable=True))
        with pytest.raises(httpx2.HTTPStatusError) as failed:
            call_with(own, lambda: http.get("/"))
        assert (script.calls, clock.sleeps) == (1, [])
        assert "budget" in failed.value.__notes__[-1]
        for _ in range(5):
            own.trial().succeeded()
        assert own.budget.left == 5
        assert call_with(own, lambda: http.get("/")).status_code == 200


def test_20_a_server_that_is_down_is_asked_little_more_than_without_retries(
    clock: FakeClock, free_port: int
) -> None:
    """1,000 requests to a port where nobody listens make at most 1,200 connections."""
    calls = 0

    class Counting(httpx2.HTTPTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            nonlocal calls
            calls += 1
            return super().handle_request(request)

    url = f"http://127.0.0.1:{free_port}"
    with Client(url, token="t", transport=Counting(), clock=clock) as api:
        for _ in range(1000):
            with pytest.raises(NeverSent):
                api.me()
    assert 1000 < calls <= 1200


def test_21_the_breaker_opens_tries_once_and_closes(clock: FakeClock) -> None:
    """While it is open nothing is sent; of those who come when it may be tried, one is let through."""
    rule = BreakerRule(failures=3, open_seconds=10.0)
    own = retrier(clock, Policy(attempts=1, breaker=rule))
    asked, answer = threading.Event(), threading.Event()

    def slowly(_request: httpx2.Request) -> httpx2.Response:
        asked.set()
        assert answer.wait(30)
        return httpx2.Response(200)

    script = Script(503, httpx2.ReadError, 503, slowly, 200)
    with script.http() as http, ThreadPoolExecutor() as pool:

        def ask() -> httpx2.Response:
            return call_with(own, lambda: http.get("/"))

        for _ in range(3):
            with pytest.raises(httpx2.HTTPError):
                ask()
        for _ in range(5):
            with pytest.raises(CircuitOpen, match="3 failures in a row"):
                ask()
        assert script.calls == 3
        clock.now += 10
        probe = pool.submit(ask)
        assert asked.wait(30)
        for _ in range(5):
            with pytest.raises(CircuitOpen):
                ask()
        assert script.calls == 4
        answer.set()
        assert probe.result(30).status_code == 200
        assert ask().status_code == 200


def test_21_a_probe_that_fails_opens_it_again(clock: FakeClock) -> None:
    own = retrier(clock, Policy(attempts=1, breaker=BreakerRule(failures=2, open_seconds=10.0)))
    script = Script(503)
    with script.http() as http:
        for _ in range(2):
            with pytest.raises(httpx2.HTTPStatusError):
                call_with(own, lambda: http.get("/"))
        clock.now += 10
        with pytest.raises(httpx2.HTTPStatusError):
            call_with(own, lambda: http.get("/"))
        with pytest.raises(CircuitOpen):
            call_with(own, lambda: http.get("/"))
    assert script.calls == 3


@pytest.mark.parametrize("where", ["call", "sleep"])
def test_22_an_interrupt_goes_through_at_once(where: str) -> None:
    class Interrupted(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    def interrupted(_request: httpx2.Request) -> httpx2.Response:
        raise KeyboardInterrupt

    script = Script(interrupted if where == "call" else 503)
    with pytest.raises(KeyboardInterrupt):
        tried(script, Interrupted())
    assert script.calls == 1


@pytest.mark.parametrize("where", ["call", "sleep"])
async def test_22_a_cancelled_task_ends_at_once(where: str) -> None:
    reached = asyncio.Event()

    class Forever(FakeClock):
        async def pause(self, seconds: float) -> None:
            reached.set()
            await asyncio.Event().wait()

    calls = 0

    async def ask() -> httpx2.Response:
        nonlocal calls
        calls += 1
        if where == "call":
            reached.set()
            await asyncio.Event().wait()
        return httpx2.Response(503, request=httpx2.Request("GET", "http://service"))

    async def call() -> httpx2.Response:
        return await call_with(retrier(Forever()), ask)

    task = asyncio.create_task(call())
    await asyncio.wait_for(reached.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls == 1


def test_23_a_defect_is_not_tried_again(clock: FakeClock) -> None:
    """Nor is what has nothing to do with HTTP."""
    calls = 0

    def broken() -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call_with(retrier(clock), broken)
    assert (calls, clock.sleeps) == (1, [])


class Gatekeeper:
    """Takes one token only; the stale one is refused once all who hold it have come."""

    def __init__(self, crowd: int) -> None:
        self.signed_in = 0
        self.asked = 0
        self.together = threading.Barrier(crowd)
        self._lock = threading.Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        with self._lock:
            if request.url.path == "/token":
                self.signed_in += 1
                answer = {"access_token": "fresh", "token_type": "bearer", "expires_in": 60}
                return httpx2.Response(200, json=answer)
            self.asked += 1
            if request.headers["authorization"] == "Bearer fresh":
                return httpx2.Response(200, json=ME)
        return httpx2.Response(401)


def test_24_ten_threads_refresh_a_token_once(clock: FakeClock) -> None:
    """Each then sends its call again, once."""
    service = Gatekeeper(10)

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("authorization") == "Bearer stale":
            service.together.wait(30)
        return service(request)

    transport = httpx2.MockTransport(answer)
    api = Client("http://service", "alice", "x", token="stale", transport=transport, clock=clock)
    with api, ThreadPoolExecutor(10) as pool:
        assert {one.username for one in pool.map(lambda _: api.me(), range(10))} == {"alice"}
    assert (service.signed_in, service.asked) == (1, 20)


async def test_24_ten_tasks_refresh_a_token_once(clock: FakeClock) -> None:
    service, here, all_here = Gatekeeper(10), 0, asyncio.Event()

    async def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal here
        if request.headers.get("authorization") == "Bearer stale":
            here += 1
            if here == 10:
                all_here.set()
            await asyncio.wait_for(all_here.wait(), 30)
        return service(request)

    transport = httpx2.MockTransport(answer)
    api = AsyncClient(
        "http://service", "alice", "x", token="stale", transport=transport, clock=clock
    )
    async with api:
        assert {one.username for one in await asyncio.gather(*(api.me() for _ in range(10)))} == {
            "alice"
        }
    assert (service.signed_in, service.asked) == (1, 20)


def test_24_a_token_that_is_refused_again_is_not_asked_for_again(clock: FakeClock) -> None:
    """One refresh, one replay, then the 401 is the answer."""
    token = httpx2.Response(200, json={"access_token": "t", "expires_in": 60})
    script = Script(401, token, 401)
    api = client(script, clock, username="alice", password="x")
    with api, pytest.raises(Exception, match="HTTP 401"):
        api.me()
    assert [one.url.path for one in script.requests] == [
        "/api/v1/users/me",
        "/token",
        "/api/v1/users/me",
    ]


def test_25_a_redirect_elsewhere_is_not_followed(clock: FakeClock) -> None:
    """Nobody else is shown the token, and asking again would not help."""
    script = Script(httpx2.Response(307, headers={"Location": "http://elsewhere/"}))
    with client(script, clock) as api, pytest.raises(UnexpectedAnswer, match="elsewhere"):
        api.me()
    assert [one.url.host for one in script.requests] == ["service"]
    assert clock.sleeps == []


def test_25_a_next_page_elsewhere_is_not_fetched(clock: FakeClock) -> None:
    link = {"Link": '<//elsewhere/api/v1/jobs>; rel="next"'}
    script = Script(httpx2.Response(200, json=[], headers=link))
    with client(script, clock) as api:
        assert list(api.jobs()) == []
    assert [one.url.host for one in script.requests] == ["service"]


def test_26_helpers_in_helpers_do_not_multiply(clock: FakeClock) -> None:
    """The inner one has tried as often as it should be tried."""
    script = Script(503)
    with script.http() as http:

        def inner() -> httpx2.Response:
            return call_with(retrier(clock), lambda: http.get("/"))

        with pytest.raises(httpx2.HTTPStatusError):
            call_with(retrier(clock), lambda: call_with(retrier(clock), inner))
    assert script.calls == 3
    script = Script(503)
    with client(script, clock) as api, pytest.raises(Unavailable):
        call_with(retrier(clock), api.me)
    assert script.calls == 3


async def test_27_plain_and_async_code_wait_alike() -> None:
    """One policy, one seed, one sequence of sleeps."""
    policy, plain, other = Policy(attempts=6), FakeClock(), FakeClock()
    with pytest.raises(httpx2.HTTPStatusError):
        tried(Script(503), plain, policy=policy)
    script = Script(503)
    async with httpx2.AsyncClient(base_url="http://service", transport=script.transport) as http:
        with pytest.raises(httpx2.HTTPStatusError):
            await call_with(retrier(other, policy), lambda: http.get("/"))
    assert (script.calls, len(plain.sleeps)) == (6, 5)
    assert plain.sleeps == other.sleeps


def test_27_threads_share_a_budget(clock: FakeClock) -> None:
    """It pays for what it holds, however many ask at once."""
    own = retrier(clock, Policy(budget=BudgetRule(capacity=500, cost=5)))
    failure = Failure("for a test", curable=True)
    with ThreadPoolExecutor(16) as pool:
        paid = list(pool.map(lambda _: own.budget.pay(failure), range(1000)))
    assert [one for one in paid if one is not None] == [5] * 100
    assert own.budget.left == 0


class SlowJob:
    """A job of 60 seconds by the clock, whose progress moves twice; its stream does not come through."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._began = clock.now
        self.requests = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        version = min(3, int(self._clock.now - self._began) // 20)
        if request.url.path.endswith("/stream"):
            return httpx2.Response(200, text="a proxy's page")
        if request.url.path.endswith("/events"):
            return httpx2.Response(
                200, json=self._events(version, int(request.url.params["after"]))
            )
        headers = {"ETag": f'W/"{version}"'} | ({} if version == 3 else {"Retry-After": "1"})
        if request.headers.get("if-none-match") == headers["ETag"]:
            return httpx2.Response(304, headers=headers)
        status = "completed" if version == 3 else "running"
        job = {"status": status, "progress": 33.0 * version, "result": version, "error": None}
        return httpx2.Response(200, json=job, headers=headers)

    def _events(self, version: int, after: int) -> list[dict[str, Any]]:
        told = ["running", *["log"] * min(version, 2), *["completed"] * (version == 3)]
        return [
            {
                "id": number,
                "event": "log" if word == "log" else "status",
                "at": "2026-01-01T00:00:00Z",
                "data": {"message": word} if word == "log" else {"status": word},
            }
            for number, word in enumerate(told, 1)
            if number > after
        ]


def test_28_polling_backs_off_while_nothing_changes(clock: FakeClock) -> None:
    """At most 20 requests for 60 seconds, never sooner than asked, and still everything once."""
    job = SlowJob(clock)
    transport = httpx2.MockTransport(job)
    with Client("http://service", token="t", transport=transport, clock=clock) as api:
        events = list(api.job("slow").events())
    assert [one.id for one in events if one.id is not None] == [1, 2, 3, 4]
    assert events[-1].name == "complete"
    assert events[-1].data["result"] == 3
    assert job.requests <= 20
    assert all(one >= 1.0 for one in clock.sleeps)
    grown = [later > sooner for sooner, later in zip(clock.sleeps, clock.sleeps[1:], strict=False)]
    assert any(grown)
    assert clock.sleeps.count(1.0) >= 3  # after each change


class Leaky(BaseHTTPRequestHandler):
    """Fails twice, with a body that must be read or dropped, then answers."""

    protocol_version = "HTTP/1.1"
    calls = 0

    def do_GET(self) -> None:
        type(self).calls += 1
        self.send_response(200 if type(self).calls % 3 == 0 else 503)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(b"x" * 100_000)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def leaky() -> Iterator[str]:
    Leaky.calls = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Leaky) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_29_no_answer_is_left_open(clock: FakeClock, leaky: str) -> None:
    """One connection at a time serves thirty calls, streamed and not read."""
    opened: list[httpx2.Response] = []
    bounds = httpx2.Limits(max_connections=1)
    with httpx2.Client(limits=bounds, timeout=httpx2.Timeout(30, pool=5)) as http:

        def ask() -> httpx2.Response:
            opened.append(http.send(http.build_request("GET", leaky), stream=True))
            return opened[-1]

        for _ in range(10):
            call_with(retrier(clock), ask).close()
    assert (len(opened), [one for one in opened if not one.is_closed]) == (30, [])


async def test_29_no_answer_is_left_open_on_a_loop(clock: FakeClock, leaky: str) -> None:
    opened: list[httpx2.Response] = []
    bounds = httpx2.Limits(max_connections=1)
    async with httpx2.AsyncClient(limits=bounds, timeout=httpx2.Timeout(30, pool=5)) as http:

        async def ask() -> httpx2.Response:
            opened.append(await http.send(http.build_request("GET", leaky), stream=True))
            return opened[-1]

        for _ in range(10):
            await (await call_with(retrier(clock), ask)).aclose()
    assert (len(opened), [one for one in opened if not one.is_closed]) == (30, [])


def test_30_each_retry_is_one_line(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    """Attempt, wait and reason; nothing of what was sent."""
    script = Script(503, httpx2.ReadError, httpx2.Response(200, json=ME))
    with caplog.at_level(logging.DEBUG, "headway"), client(script, clock, token="s3cret") as api:
        api.me()
    lines = [one.getMessage() for one in caplog.records if one.name == "headway.client"]
    assert lines == [
        f"attempt 1 of 3 failed: 503 Service Unavailable; again in {clock.sleeps[0]:.2f} s",
        f"attempt 2 of 3 failed: ReadError; again in {clock.sleeps[1]:.2f} s",
    ]
    assert "s3cret" not in caplog.text
