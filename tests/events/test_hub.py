"""Fan-out inside a process: bounded, over threads and loops."""

import asyncio
import threading

import pytest

from headway.events.hub import BOUND, Hub


@pytest.fixture
def hub() -> Hub[list[int]]:
    return Hub()


async def test_what_is_published_reaches_all_who_listen(hub: Hub[list[int]]) -> None:
    """In order, and only to those who listen to that topic."""
    first, second, other = hub.listen("a"), hub.listen("a"), hub.listen("b")
    await asyncio.to_thread(hub.publish, {"a": [1, 2]})
    await asyncio.to_thread(hub.publish, {"a": [3]})
    assert await first.take(5) == [[1, 2], [3]]
    assert await second.take(5) == [[1, 2], [3]]
    assert await other.take(0) == []


async def test_news_of_many_topics_come_at_once(hub: Hub[list[int]]) -> None:
    """Each to those who listen to it; a topic that nobody listens to is nobody's."""
    first, second = hub.listen("a"), hub.listen("b")
    await asyncio.to_thread(hub.publish, {"a": [1], "b": [2], "c": [3]})
    assert await first.take(5) == [[1]]
    assert await second.take(0) == [[2]]


async def test_silence_ends_after_a_while(hub: Hub[list[int]]) -> None:
    """With nothing."""
    assert await hub.listen("a").take(0.01) == []


async def test_a_slow_listener_is_told_that_it_missed_some(hub: Hub[list[int]]) -> None:
    """It is not waited for, and its buffer does not grow; the others miss nothing."""
    slow, fast = hub.listen("a"), hub.listen("a")
    taken: list[int] = []
    for number in range(BOUND + 1):
        hub.publish({"a": [number]})
        taken += [one for batch in await fast.take(5) for one in batch]
    assert taken == list(range(BOUND + 1))
    assert await slow.take(5) == []
    assert slow.missed()
    assert not slow.missed()
    hub.publish({"a": [7]})
    assert await slow.take(5) == [[7]]


async def test_a_batch_that_waits_alone_is_kept_however_large(hub: Hub[list[int]]) -> None:
    """It is the same for all who listen; what comes behind it is missed as ever."""
    slow, batch = hub.listen("a"), list(range(BOUND + 1))
    hub.publish({"a": batch})
    (taken,) = await slow.take(5)
    assert taken is batch
    assert not slow.missed()
    for _ in range(2):
        hub.publish({"a": batch})
    assert await slow.take(5) == []
    assert slow.missed()


async def test_who_has_left_hears_nothing(hub: Hub[list[int]]) -> None:
    """A topic lives as long as somebody listens; leaving twice is fine."""
    listener = hub.listen("a")
    hub.leave(listener)
    hub.leave(listener)
    assert hub.topics() == []
    hub.publish({"a": [1]})
    assert await listener.take(0) == []


async def test_closing_ends_all_who_listen_and_all_who_come_later(hub: Hub[list[int]]) -> None:
    """What was delivered before can still be taken."""
    listener = hub.listen("a")
    hub.publish({"a": [1]})
    await asyncio.to_thread(hub.close)
    assert await listener.take(5) == [[1]]
    assert await listener.take(5) == []
    assert listener.closed
    assert hub.listen("b").closed


def test_listeners_of_several_loops_are_served(hub: Hub[list[int]]) -> None:
    """Each on its own loop; one that is closed already is passed over."""
    ready = threading.Barrier(3)
    heard: list[list[list[int]]] = []

    async def listen() -> None:
        listener = hub.listen("a")
        await asyncio.to_thread(ready.wait, 10)
        heard.append(await listener.take(10))

    async def listen_and_go() -> None:
        hub.listen("a")

    asyncio.run(listen_and_go())
    threads = [threading.Thread(target=lambda: asyncio.run(listen())) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    hub.publish({"a": [1]})
    for thread in threads:
        thread.join(10)
    assert heard == [[[1]], [[1]]]


async def test_a_sink_takes_what_comes_while_the_listener_waits(hub: Hub[list[int]]) -> None:
    """Without waking it; what the sink leaves is taken as ever."""
    listener = hub.listen("a")
    sunk: list[int] = []

    def sink(things: list[int]) -> bool:
        sunk.extend(things)
        return 9 not in things

    listener.sink = sink
    hub.publish({"a": [1]})
    await asyncio.sleep(0)  # delivered while nobody waits
    assert await listener.take(5) == [[1]]
    waiting = asyncio.ensure_future(listener.take(30))
    await asyncio.sleep(0)  # it begins, and waits
    hub.publish({"a": [2]})
    hub.publish({"a": [9]})
    assert await waiting == [[9]]
    assert sunk == [2, 9]
