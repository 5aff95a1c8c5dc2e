"""A job's events, whatever becomes of the line: each durable one once, in order."""

import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from headway.client import AsyncClient, Client, StreamEvent
from headway.client.errors import NeverSent, NotFound
from tests.client.fake_clock import FakeClock
from tests.client.service import Service, serving
from tests.http.conftest import Gate

EPOCHS = 200


def ids_of(events: list[StreamEvent]) -> list[int]:
    return [one.id for one in events if one.id is not None]


def durable(events: list[StreamEvent]) -> list[StreamEvent]:
    """Those that everybody sees alike: progress may have moved on when a change is told."""
    told = [one for one in events if one.id is not None]
    return [
        StreamEvent(one.name, {"status": one.data["status"]}, one.id)
        if one.name == "update"
        else one
        for one in told
    ]


def test_events_begin_where_you_say(client: Client, gate: Gate) -> None:
    """With the first, after one you have, or with the present."""
    gate.open(2)
    job = client.submit("steps", gate.input(2))
    everything = list(job.events())
    ids = ids_of(everything)
    assert ids == list(range(1, len(ids) + 1))
    assert ids_of(list(job.events(after=3))) == ids[3:]
    assert [one.name for one in job.events(after=None)] == ["update", "complete"]
    assert everything[-1].data == {"status": "completed", "result": {"steps": 2}, "error": None}


def test_who_stops_looking_leaves_nothing_open(client: Client, gate: Gate) -> None:
    """The job goes on; another look begins anew."""
    job = client.submit("steps", gate.input(1))
    for event in job.events():
        assert event.id == 1
        break
    gate.open()
    assert list(job.events())[-1].name == "complete"


def test_a_job_that_is_not_there_has_no_events(client: Client) -> None:
    with pytest.raises(NotFound, match="Job not found"):
        list(client.job("nobody").events())


class Cutting(httpx2.HTTPTransport):
    """Cuts each event stream after some bytes."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self.cuts = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if request.url.path.endswith("/stream"):
            assert isinstance(response.stream, httpx2.SyncByteStream)
            response.stream = self._cut(response.stream)
        return response

    def _cut(self, stream: httpx2.SyncByteStream) -> httpx2.SyncByteStream:
        transport, left = self, self._random.randint(150, 1500)

        class Cut(httpx2.SyncByteStream):
            def __iter__(self) -> Iterator[bytes]:
                nonlocal left
                for chunk in stream:
                    yield chunk[:left]
                    left -= len(chunk)
                    if left <= 0:
                        transport.cuts += 1
                        raise httpx2.ReadError("cut")

            def close(self) -> None:
                stream.close()

        return Cut()


@pytest.mark.parametrize("seed", range(3))
def test_a_line_that_is_cut_loses_and_doubles_nothing(
    service: Service, client: Client, gate: Gate, seed: int
) -> None:
    """Cut at any byte, again and again."""
    gate.open(20)
    job = client.submit("steps", gate.input(20))
    job.wait()
    whole = list(job.events())
    line = Cutting(seed)
    with Client(service.url, "alice", "secret123", transport=line, clock=FakeClock()) as other:
        seen = list(other.job(job.id).events())
    assert line.cuts > 2
    assert durable(seen) == durable(whole)
    assert seen[-1] == whole[-1]


class WithoutStreams(httpx2.HTTPTransport):
    """A proxy that lets no stream through."""

    def __init__(self, answer: int) -> None:
        super().__init__()
        self._answer = answer

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/stream"):
            return httpx2.Response(self._answer, text="not through me", request=request)
        return super().handle_request(request)


@pytest.mark.parametrize("answer", [200, 406, 429])
def test_where_no_stream_comes_through_events_are_polled(
    service: Service, client: Client, gate: Gate, answer: int
) -> None:
    """The same events, with the same ids and the same end."""
    gate.open(2)
    job = client.submit("steps", gate.input(2))
    proxy = WithoutStreams(answer)
    with Client(service.url, "alice", "secret123", transport=proxy) as other:
        seen = list(other.job(job.id).events())
        later = list(other.job(job.id).events(after=4))
        present = list(other.job(job.id).events(after=None))
    streamed = list(job.events())
    assert durable(seen) == durable(streamed)
    assert ids_of(later) == ids_of(streamed)[4:]
    assert [one.name for one in present] == ["update", "complete"]


def test_patience_ends(free_port: int) -> None:
    """A service that stays away is not waited for without end."""
    clock = FakeClock()
    url = f"http://127.0.0.1:{free_port}"
    with Client(url, "alice", "x", patience=60, clock=clock) as client:
        for verb in ("events", "results"):
            began = clock.now
            with pytest.raises(NeverSent):
                list(getattr(client.job("one"), verb)())
            assert 60 <= clock.now - began <= 80
        with pytest.raises(NeverSent):
            client.job("one").wait()


class Reconnecting(httpx2.HTTPTransport):
    """Tells when a stream was opened again."""

    def __init__(self, reopened: Callable[[], None]) -> None:
        super().__init__()
        self._reopened = reopened
        self.streams = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if request.url.path.endswith("/stream"):
            self.streams += 1
            if self.streams > 1:
                self._reopened()
        return response


@pytest.mark.timeout(400)  # three starts of server and worker, which a busy machine stretches
def test_a_training_is_watched_through_two_kills(data_dir: Path, free_port: int) -> None:
    """Server and worker get SIGKILL in the middle and are started again, twice: no event is lost,
    none comes twice, none out of order, and the training reaches its end."""
    with serving(data_dir, free_port, quick=True) as service:
        # The worker comes back once we look again: else it might have done all before we do.
        line = Reconnecting(service.start_worker)
        with Client(service.url, "alice", "secret123", transport=line) as client:
            job = client.train("sample", epochs=EPOCHS)
            seen: list[StreamEvent] = []
            restarts: list[threading.Thread] = []
            attempts = 0
            for event in job.events():
                seen.append(event)
                # Only what the newest attempt tells: what was missed comes first.
                attempts += event.id is not None and event.data.get("status") == "running"
                if event.name == "metric" and len(restarts) < 2 and attempts > len(restarts):
                    service.kill()
                    restarts.append(threading.Thread(target=service.start_server))
                    restarts[-1].start()
            for one in restarts:
                one.join()
            history = list(job.history())
            ended = job.now()
    assert ids_of(seen) == [one.id for one in history] == list(range(1, len(history) + 1))
    steps = [one.data["step"] for one in seen if one.name == "metric"]
    assert sorted(set(steps)) == list(range(1, EPOCHS + 1))
    assert (ended.status, ended.interruptions, line.streams) == ("completed", 2, 3)
    assert seen[-1].data["result"] == ended.result


async def test_a_stream_is_watched_on_a_loop_through_cuts(service: Service, gate: Gate) -> None:
    """The same core, awaited."""

    class AsyncCutting(httpx2.AsyncHTTPTransport):
        cuts = 0

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await super().handle_async_request(request)
            if request.url.path.endswith("/stream") and self.cuts < 3:
                assert isinstance(response.stream, httpx2.AsyncByteStream)
                whole: httpx2.AsyncByteStream = response.stream
                transport = self

                class Cut(httpx2.AsyncByteStream):
                    async def __aiter__(self) -> AsyncIterator[bytes]:
                        async for chunk in whole:
                            yield chunk[:400]
                            transport.cuts += 1
                            raise httpx2.ReadError("cut")

                    async def aclose(self) -> None:
                        await whole.aclose()

                response.stream = Cut()
            return response

    line = AsyncCutting()
    async with AsyncClient(service.url, "alice", "secret123", transport=line) as client:
        gate.open(4)
        job = await client.submit("steps", gate.input(4))
        await job.wait()
        ids = ids_of([one async for one in job.events()])
    assert (ids, line.cuts) == (list(range(1, len(ids) + 1)), 3)
