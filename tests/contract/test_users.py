"""Who may sign in, and how much everybody asked for."""

import threading

import pytest

from headway.errors import NotFound
from headway.rights import Role
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


def test_a_user_has_the_role_he_was_given(store: Store) -> None:
    store.users.add("ann", "hash", role=Role.ADMIN)
    store.users.add("bob", "hash")
    assert [user(store, name).role for name in ("ann", "bob")] == [Role.ADMIN, Role.USER]
    assert store.users.change("bob", role=Role.OPERATOR).role is Role.OPERATOR


def test_every_change_begins_a_generation_of_tokens(store: Store) -> None:
    store.users.add("ann", "hash")
    for expected, change in enumerate(
        (
            {"password_hash": "new"},
            {"disabled": True},
            {"disabled": False},
            {"role": Role.ADMIN},
            {},
        ),
        start=1,
    ):
        assert store.users.change("ann", **change).generation == expected  # type: ignore[arg-type]  # one of each
    store.users.rehash("ann", "new", "renewed")
    assert (user(store, "ann").password_hash, user(store, "ann").generation) == ("renewed", 5)
    store.users.rehash("ann", "new", "too late")
    assert user(store, "ann").password_hash == "renewed"


def test_a_demo_user_with_a_password_of_his_own_is_none_any_more(store: Store) -> None:
    store.users.add("ann", "hash", demo=True)
    assert user(store, "ann").demo
    assert store.users.change("ann", disabled=False).demo
    assert not store.users.change("ann", password_hash="new").demo


def test_a_token_that_was_ended_is_nobody_s(store: Store) -> None:
    store.users.add("ann", "hash")
    assert store.users.holding("ann", "t1") == user(store, "ann")
    assert store.users.holding("nobody", "t1") is None
    for _ in range(2):
        store.users.end_token("t1", 9e9)
    assert store.users.holding("ann", "t1") is None
    assert store.users.holding("ann", "t2") is not None


def test_an_ended_token_is_remembered_until_it_has_expired(store: Store) -> None:
    store.users.add("ann", "hash")
    store.users.end_token("over", 1.0)
    store.users.end_token("still", 9e9)
    assert store.retention.tidy(workers=9e9, keys=9e9, tombstones=9e9) == 1
    assert store.users.holding("ann", "still") is None
