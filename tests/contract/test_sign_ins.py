"""Failed sign-ins are counted over all who count, and forgotten in time."""

import threading
from collections.abc import Callable

import pytest

from headway.store import sign_ins
from headway.store.contract import Store

HOUR = 3600.0


def count(store: Store, subject: str, window: float = HOUR) -> int:
    return sum(one.count for one in store.sign_ins.failures([subject], window)[subject])


def test_failures_are_counted_for_each_subject(store: Store) -> None:
    store.sign_ins.fail(["a", "b"], HOUR)
    store.sign_ins.fail(["b"], HOUR)
    assert [count(store, one) for one in ("a", "b", "c")] == [1, 2, 0]
    (only,) = store.sign_ins.failures(["a"], HOUR)["a"]
    assert 0 <= only.age <= 120


def test_another_process_sees_them(open_store: Callable[[], Store]) -> None:
    first, second = open_store(), open_store()
    first.sign_ins.fail(["a"], HOUR)
    second.sign_ins.fail(["a"], HOUR)
    assert count(first, "a") == count(second, "a") == 2


def test_what_lies_out_of_the_window_is_forgotten(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.sign_ins.fail(["a"], HOUR)
    assert count(store, "a", window=-120.0) == 0
    store.sign_ins.fail(["b"], -120.0)
    assert count(store, "a") == 0


def test_a_success_forgives_its_own_failures_alone(store: Store) -> None:
    store.sign_ins.fail(["pair", "account", "address"], HOUR)
    assert not store.sign_ins.has_succeeded("pair", HOUR)
    store.sign_ins.succeed("pair")
    assert [count(store, one) for one in ("pair", "account", "address")] == [0, 1, 1]
    assert store.sign_ins.has_succeeded("pair", HOUR)
    assert not store.sign_ins.has_succeeded("pair", -1.0)
    assert not store.sign_ins.has_succeeded("account", HOUR)


def test_the_table_has_a_bound(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it the oldest minute goes, whatever is tried meanwhile."""
    monkeypatch.setattr(sign_ins, "MOST_ROWS", 10)
    for number in range(40):
        store.sign_ins.fail([str(number)], HOUR)
    there = sum(count(store, str(number)) for number in range(40))
    assert 1 <= there <= 10
    assert count(store, "39") == 1


def test_no_failure_is_lost_among_threads(store: Store) -> None:
    def fail() -> None:
        for _ in range(10):
            store.sign_ins.fail(["a", "b"], HOUR)

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (count(store, "a"), count(store, "b")) == (40, 40)
