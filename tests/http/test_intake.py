"""Group commit: what many requests want written goes to the store together."""

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from headway.errors import StoreUnavailable
from headway.http.intake import LARGEST, Committer


class Slow:
    """A commit that begins and ends when the test says so."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        self.begun.release()
        assert self.may_end.acquire(timeout=10)
        return [-item for item in items]

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.acquire, timeout=10)


async def turns_of_the_loop() -> None:
    """Let requests begin, and what they bring be handed over."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def committer(slow: Slow) -> Iterator[Committer[int, int]]:
    committer: Committer[int, int] = Committer(slow, "test-intake")
    yield committer
    committer.close()


async def test_what_arrives_during_a_commit_goes_into_the_next(
    slow: Slow, committer: Committer[int, int]
) -> None:
    """The first commits at once; the rest waits for it and goes together."""
    first = asyncio.create_task(committer.put([1]))
    await slow.has_begun()
    rest = [asyncio.create_task(committer.put([n, n + 10])) for n in (2, 3, 4)]
    await turns_of_the_loop()
    slow.may_end.release(2)
    assert await first == [-1]
    assert [await one for one in rest] == [[-2, -12], [-3, -13], [-4, -14]]
    assert slow.groups == [[1], [2, 12, 3, 13, 4, 14]]


async def test_a_group_is_bounded_and_a_request_is_never_split(
    slow: Slow, committer: Committer[int, int]
) -> None:
    """One large request goes whole, and fills its commit."""
    slow.may_end.release(10)
    large = list(range(LARGEST + 1))
    first, second = await asyncio.gather(committer.put(large), committer.put([7]))
    assert (len(first), second) == (LARGEST + 1, [-7])
    assert [len(group) for group in slow.groups] == [LARGEST + 1, 1]


async def test_one_bad_item_does_not_fail_its_neighbours() -> None:
    """Those that were gathered with it by chance are committed all the same."""
    gate = threading.Event()

    def commit(items: Sequence[int]) -> list[int]:
        gate.wait(10)
        if 13 in items:
            raise ValueError("unlucky")
        return list(items)

    committer: Committer[int, int] = Committer(commit, "test-intake")
    waiting = [asyncio.create_task(committer.put([n])) for n in (1, 12, 13, 14)]
    await turns_of_the_loop()
    gate.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert told[:2] + told[3:] == [[1], [12], [14]]
    assert isinstance(told[2], ValueError)
    committer.close()


async def test_an_unavailable_store_is_told_to_all_at_once() -> None:
    """It would fail for each alone as well, a timeout each."""
    tried: list[int] = []
    gate = threading.Event()

    def commit(items: Sequence[int]) -> list[int]:
        gate.wait(10)
        tried.append(len(items))
        raise StoreUnavailable("busy")

    committer: Committer[int, int] = Committer(commit, "test-intake")
    waiting = [asyncio.create_task(committer.put([n])) for n in range(5)]
    await turns_of_the_loop()
    gate.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, StoreUnavailable) for one in told)
    assert len(tried) <= 2
    committer.close()


def test_every_loop_is_answered_on_itself(slow: Slow, committer: Committer[int, int]) -> None:
    """A test client has a loop for each request."""
    slow.may_end.release(10)
    answers: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(asyncio.run(committer.put([n]))))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(answers) == [[-3], [-2], [-1], [0]]


def test_a_request_that_is_gone_harms_nobody(slow: Slow, committer: Committer[int, int]) -> None:
    """Its items are committed, and the next request is answered."""

    async def leave() -> None:
        task = asyncio.create_task(committer.put([1]))
        await slow.has_begun()
        task.cancel()

    asyncio.run(leave())  # the loop is closed before the commit ends
    slow.may_end.release(2)
    assert asyncio.run(committer.put([2])) == [-2]


async def test_closing_writes_what_is_waiting(slow: Slow, committer: Committer[int, int]) -> None:
    """Nothing accepted is dropped, and closing twice is fine."""
    waiting = asyncio.create_task(committer.put([1]))
    await slow.has_begun()
    also = asyncio.create_task(committer.put([2]))
    await turns_of_the_loop()
    slow.may_end.release(2)
    await asyncio.to_thread(committer.close)
    committer.close()
    assert (await waiting, await also) == ([-1], [-2])
