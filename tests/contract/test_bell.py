"""The wake-up between threads and processes. A bell that is heard late would be latency."""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from headway.store import notify
from headway.store.contract import Store
from headway.store.contract.bell import Waiter
from headway.store.notify import NotifyBell
from tests.contract.acts import start_python
from tests.waiting import eventually

SOON = 30.0
"""Seconds that no ring takes, so that a machine under load fails no test."""


@pytest.fixture
def listen(store: Store) -> Iterator[Callable[[str], Waiter]]:
    """Makes listeners, and closes them at the end."""
    with ExitStack() as open_ones:

        def listen_one(topic: str) -> Waiter:
            waiter = store.bell.listen(topic)
            open_ones.callback(waiter.close)
            return waiter

        yield listen_one


def test_a_ring_wakes_everybody_who_listens_for_the_topic(
    store: Store, listen: Callable[[str], Waiter]
) -> None:
    first, second, other = listen("work"), listen("work"), listen("cancel")
    store.bell.ring("work")
    assert first.wait(SOON)
    assert second.wait(SOON)
    assert not other.wait(0)


def test_a_ring_before_the_wait_is_heard(store: Store, listen: Callable[[str], Waiter]) -> None:
    waiter = listen("work")
    store.bell.ring("work")
    assert waiter.wait(SOON)


def test_rings_add_up_to_one(store: Store, listen: Callable[[str], Waiter]) -> None:
    """Also far more of them than any buffer holds; none of them blocks."""
    waiter = listen("work")
    for _ in range(2000):
        store.bell.ring("work")
    assert waiter.wait(SOON)
    assert not waiter.wait(0)


def test_without_a_ring_the_time_runs_out(listen: Callable[[str], Waiter]) -> None:
    waiter = listen("work")
    started = time.monotonic()
    assert not waiter.wait(0.05)
    assert time.monotonic() - started >= 0.05
    assert not waiter.wait(-1)


def test_ringing_without_listeners_is_fine(store: Store) -> None:
    for topic in ("work", "cancel", "news"):
        store.bell.ring(topic)


def test_every_listener_hears_from_the_moment_it_listens(
    store: Store, listen: Callable[[str], Waiter]
) -> None:
    """However soon after another ring it began: what is known of listeners is never stale."""
    deaf = 0
    for _ in range(10):
        store.bell.ring("work")
        waiter = listen("work")
        store.bell.ring("work")
        deaf += not waiter.wait(0)
    assert deaf == 0


def test_listeners_who_do_not_wait_do_not_keep_others_from_hearing(
    store: Store, listen: Callable[[str], Waiter]
) -> None:
    """A stopped process reads nothing, and what it does not read fills its sender's buffer."""
    for _ in range(60):
        listen("news")
    waiter = listen("work")
    for _ in range(600):
        store.bell.ring("news")
    store.bell.ring("work")
    assert waiter.wait(0)


def test_a_topic_is_not_its_prefix(store: Store, listen: Callable[[str], Waiter]) -> None:
    waiter = listen("workers")
    store.bell.ring("work")
    assert not waiter.wait(0)


def test_waking_ends_a_wait_from_another_thread(listen: Callable[[str], Waiter]) -> None:
    waiter = listen("work")
    ended = threading.Event()

    def wait() -> None:
        waiter.wait(60)
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    waiter.wake()
    assert ended.wait(SOON)
    thread.join()


def test_waking_is_safe_in_a_signal_handler(listen: Callable[[str], Waiter]) -> None:
    waiter = listen("work")
    before = signal.signal(signal.SIGUSR1, lambda *_: waiter.wake())
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert waiter.wait(SOON)
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_closing_ends_a_wait_in_another_thread(store: Store) -> None:
    """Any thread may close: the one that waits returns at once, and without an error."""
    waiter = store.bell.listen("work")
    waiting, answers = threading.Event(), list[object]()

    def wait() -> None:
        waiting.set()
        try:
            answers.append(waiter.wait(60))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            answers.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    waiting.wait()
    time.sleep(0.02)  # there is no sign by which to see that it polls by now
    waiter.close()
    thread.join(SOON)
    assert not thread.is_alive()
    assert answers == [False]


def test_a_closed_listener_hears_nothing_and_is_no_danger(store: Store) -> None:
    """Waking it must not write to whatever got its descriptor's number meanwhile."""
    waiter = store.bell.listen("work")
    waiter.close()
    waiter.close()
    read, write = os.pipe2(os.O_NONBLOCK)
    others = [os.dup(write) for _ in range(16)]
    try:
        waiter.wake()
        assert not waiter.wait(0)
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
    finally:
        for descriptor in (read, write, *others):
            os.close(descriptor)
    store.bell.ring("work")


def test_ringing_a_closed_store_is_fine(store: Store) -> None:
    """A ring never fails: the store may be closed while others still say that there is work."""
    store.close()
    store.bell.ring("work")


def test_a_listener_has_a_descriptor_for_those_who_wait_for_many_things(
    store: Store, listen: Callable[[str], Waiter]
) -> None:
    waiter = listen("work")
    assert select.select([waiter.fileno()], [], [], 0)[0] == []
    store.bell.ring("work")
    assert select.select([waiter.fileno()], [], [], SOON)[0] == [waiter.fileno()]


LISTENER = """
import sys
from tests.contract.opening import open_at

store = open_at(sys.argv[1])
waiter = store.bell.listen("work")
print("listening", flush=True)
print(waiter.wait(60), flush=True)
sys.stdin.readline()
"""


def test_a_ring_is_heard_in_another_process(store: Store, address: str) -> None:
    listener = start_python(LISTENER, address)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "listening\n"
    store.bell.ring("work")
    assert listener.stdout.readline() == "True\n"
    listener.communicate("bye\n")


def test_a_listener_that_was_killed_does_not_keep_others_from_hearing(
    store: Store, address: str, listen: Callable[[str], Waiter]
) -> None:
    listener = start_python(LISTENER, address)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "listening\n"
    listener.kill()
    listener.communicate()
    waiter = listen("work")
    store.bell.ring("work")
    assert waiter.wait(SOON)
    store.bell.ring("work")
    assert eventually(lambda: waiter.wait(0))


def test_a_bell_closed_while_its_server_keeps_it_waiting_calls_it_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its thread was given up, and ends when the server has refused it."""
    monkeypatch.setattr(notify, "READY_SECONDS", 0.05)
    before = set(threading.enumerate())
    answer = threading.Event()
    calls = []

    def connect() -> "psycopg.Connection[object]":
        calls.append(1)
        answer.wait(60)
        raise psycopg.OperationalError("connection refused")

    bell = NotifyBell(connect)
    waiter = bell.listen("work")
    eventually(lambda: calls)
    bell.close()
    waiter.close()
    answer.set()
    eventually(lambda: set(threading.enumerate()) <= before)
    assert len(calls) == 1
