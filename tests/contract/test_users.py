"""Who may sign in, and how much everybody asked for."""

import threading

import pytest

from headway.errors import NotFound
from headway.store.contract import Store
from headway.store.identity import User


def user(store: Store, name: str) -> User:
    found = store.users.get(name)
    assert found is not None
    return found


def test_a_user_is_read_as_he_was_added(store: Store) -> None:
    assert store.users.add("ann", "$argon2id$...")
    found = user(store, "ann")
    assert (found.name, found.password_hash, found.disabled) == ("ann", "$argon2id$...", False)
    assert (found.request_count, found.last_request_time) == (0, None)
    assert found.created_at > 0


def test_a_name_that_is_taken_changes_nothing(store: Store) -> None:
    store.users.add("ann", "first")
    before = user(store, "ann")
    assert not store.users.add("ann", "second")
    assert user(store, "ann") == before


def test_names_are_told_apart_exactly(store: Store) -> None:
    assert store.users.add("ann", "a")
    assert store.users.add("Ann", "b")
    assert store.users.get("ANN") is None
    assert store.users.get("' OR 1=1 --") is None


def test_only_what_is_given_is_changed(store: Store) -> None:
    store.users.add("ann", "old")
    assert store.users.change("ann", password_hash="new") == user(store, "ann")
    assert (user(store, "ann").password_hash, user(store, "ann").disabled) == ("new", False)
    store.users.change("ann", disabled=True)
    assert (user(store, "ann").password_hash, user(store, "ann").disabled) == ("new", True)
    store.users.change("ann", disabled=False)
    assert not user(store, "ann").disabled


def test_who_does_not_exist_cannot_be_changed(store: Store) -> None:
    with pytest.raises(NotFound, match="expected the name of a user, got: 'eve'"):
        store.users.change("eve", disabled=True)


def test_requests_are_counted_and_dated(store: Store) -> None:
    store.users.add("ann", "hash")
    store.users.add("bob", "hash")
    store.users.count_requests({"ann": 3, "bob": 1, "no such user": 5})
    store.users.count_requests({"ann": 2})
    store.users.count_requests({})
    assert [user(store, name).request_count for name in ("ann", "bob")] == [5, 1]
    last = user(store, "ann").last_request_time
    assert last is not None
    assert last >= user(store, "ann").created_at


def test_what_was_counted_before_somebody_became_a_user_is_his(store: Store) -> None:
    store.users.count_requests({"ann": 2})
    store.users.add("ann", "hash")
    assert user(store, "ann").request_count == 2


def test_no_request_is_lost_among_threads(store: Store) -> None:
    store.users.add("ann", "hash")

    def count() -> None:
        for _ in range(20):
            store.users.count_requests({"ann": 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert user(store, "ann").request_count == 80


def test_users_are_read_page_by_page_in_the_order_of_their_names(store: Store) -> None:
    for name in ("cleo", "ann", "ben"):
        store.users.add(name, "hash")
    first = store.users.page(limit=2)
    assert [one.name for one in first] == ["ann", "ben"]
    assert store.users.page(after="ben", limit=2) == [user(store, "cleo")]
    assert store.users.page(after="cleo") == []


def test_a_token_is_ended_once(store: Store) -> None:
    """Whoever ends it first is told so, and nobody else: one-time tickets are taken so."""
    assert store.users.end_token("ticket", 2e9)
    assert not store.users.end_token("ticket", 2e9)
    assert store.users.end_token("other", 2e9)
