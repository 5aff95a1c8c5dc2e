"""When a watcher comes back to a stream that has ended."""

from collections.abc import Callable, Iterator
from itertools import islice

import httpx2
import pytest

from headway.client import AsyncClient, Client
from headway.client.errors import Unavailable
from tests.client.fake_clock import FakeClock, Script

NEWS = b'id: 1\nevent: update\ndata: {"job_id": "one", "status": "running"}\n\n'
END = b'id: 2\nevent: complete\ndata: {"job_id": "one", "status": "completed"}\n\n'
Watch = Callable[[Client], Iterator[object]]


def watch_one(client: Client) -> Iterator[object]:
    return islice(client.job("one").events(), 2)


def watch_all(client: Client) -> Iterator[object]:
    return islice(client.watch(), 2)


def streams(*bodies: bytes) -> Script:
    """A service whose streams have these bodies, one after the other."""
    headers = {"Content-Type": "text/event-stream"}
    return Script(*(httpx2.Response(200, headers=headers, content=body) for body in bodies))


def waited(watch: Watch, *bodies: bytes) -> list[float]:
    """How long a watcher waits between these streams."""
    clock = FakeClock()
    script = streams(*bodies)
    with Client("http://service", token="t", transport=script.transport, clock=clock) as client:
        assert len(list(watch(client))) == 2
    assert script.calls == len(bodies)
    return clock.sleeps


@pytest.mark.parametrize("watch", [watch_one, watch_all])
def test_who_was_told_when_to_come_back_does_so(watch: Watch) -> None:
    """At the end of a stream that told news or nothing; it holds for that once."""
    assert waited(watch, NEWS + b"retry: 1700\n\n", END) == [1.7]
    first, second = waited(watch, NEWS + b"retry: 2300\n\n", b"id: 1\n\n", END)
    assert first == 2.3
    assert second < 0.5


@pytest.mark.parametrize("watch", [watch_one, watch_all])
@pytest.mark.parametrize(("retry", "seconds"), [(b"-5", 0.2), (b"86400000", 5.0), (b"soon", 0.2)])
def test_no_service_can_keep_a_watcher_away(watch: Watch, retry: bytes, seconds: float) -> None:
    """Nor bring him back without a pause."""
    (wait,) = waited(watch, NEWS + b"retry: " + retry + b"\n\n", END)
    assert seconds / 2 <= wait <= seconds


@pytest.mark.parametrize("watch", [watch_one, watch_all])
def test_watchers_who_were_told_nothing_come_back_each_at_a_moment_of_his_own(watch: Watch) -> None:
    """Though all of their streams have ended in the same one."""
    waits = {wait for _ in range(20) for wait in waited(watch, NEWS, END)}
    assert len(waits) == 20
    assert all(0.1 <= wait <= 0.2 for wait in waits)


async def test_a_watcher_on_a_loop_comes_back_as_he_was_told() -> None:
    """The same core, awaited."""
    clock, script = FakeClock(), streams(NEWS + b"retry: 1700\n\n", END)
    line = httpx2.MockTransport(script.asynchronously)
    async with AsyncClient("http://service", token="t", transport=line, clock=clock) as client:
        names = [one.name async for one in client.job("one").events()]
    assert names == ["update", "complete"]
    assert clock.sleeps == [1.7]


@pytest.mark.parametrize("progress", [False, True])
def test_an_outage_is_not_borne_beyond_the_timeout_of_whoever_waits(progress: bool) -> None:
    """However patient the client is otherwise."""
    clock, script = FakeClock(), Script(503)
    with (
        Client("http://service", token="t", transport=script.transport, clock=clock) as client,
        pytest.raises(Unavailable),
    ):
        client.job("one").wait(timeout=20, progress=progress)
    assert 20 <= clock.now - 1000 <= 30
