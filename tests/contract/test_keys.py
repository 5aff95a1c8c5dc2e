"""Keys for machines: found by their hash, until they expire or are removed."""

import pytest

from headway.errors import Conflict
from headway.rights import Scope
from headway.store.contract import Store
from headway.store.identity import ApiKey


def made(
    store: Store,
    name: str = "ci",
    *,
    owner: str = "ann",
    lifetime: float | None = 3600.0,
    most: int = 50,
) -> ApiKey:
    return store.keys.add(
        owner,
        name,
        key_id=f"id-{owner}-{name}",
        digest=f"hash-{owner}-{name}",
        scopes={Scope.READ, Scope.SUBMIT},
        lifetime=lifetime,
        most=most,
    )


def test_a_key_is_found_as_it_was_made(store: Store) -> None:
    key = made(store)
    assert (key.owner, key.name) == ("ann", "ci")
    assert key.scopes == frozenset({Scope.READ, Scope.SUBMIT})
    assert key.expires_at == key.created_at + 3600
    assert key.last_used_at is None
    assert store.keys.find("hash-ann-ci") == key
    assert store.keys.get(key.id) == key
    assert store.keys.find("another hash") is None


def test_an_expired_key_is_not_found_by_its_hash(store: Store) -> None:
    """It is still listed, so that its owner sees why it opens nothing."""
    over = made(store, lifetime=0.0)
    assert store.keys.find("hash-ann-ci") is None
    assert store.keys.of_owner("ann") == [over]


def test_a_key_without_a_lifetime_does_not_expire(store: Store) -> None:
    assert made(store, lifetime=None).expires_at is None
    assert store.keys.find("hash-ann-ci") is not None


def test_a_key_that_outlives_all_calendars_does_not_expire(store: Store) -> None:
    """Lives had no bound once: such keys are read as what they come to."""
    made(store, lifetime=1e15)
    (listed,) = store.keys.of_owner("ann")
    assert listed.expires_at is None
    assert store.keys.find("hash-ann-ci") == listed


def test_an_owner_has_one_key_of_a_name(store: Store) -> None:
    first = made(store)
    with pytest.raises(Conflict, match="a name that no key of yours has, got: 'ci'"):
        store.keys.add(
            "ann", "ci", key_id="2", digest="2", scopes={Scope.READ}, lifetime=None, most=50
        )
    made(store, owner="bob")
    assert store.keys.of_owner("ann") == [first]


def test_an_owner_has_no_more_keys_than_he_may(store: Store) -> None:
    for name in ("b", "a"):
        made(store, name, most=2)
    with pytest.raises(Conflict, match="at most 2 keys"):
        made(store, "c", most=2)
    assert [one.name for one in store.keys.of_owner("ann")] == ["a", "b"]
    made(store, "c", owner="bob", most=2)


def test_a_removed_key_is_gone(store: Store) -> None:
    key = made(store)
    assert store.keys.remove(key.id)
    assert not store.keys.remove(key.id)
    assert store.keys.find("hash-ann-ci") is None


def test_when_a_key_was_used_is_noted(store: Store) -> None:
    key = made(store)
    store.keys.touch(key.id)
    found = store.keys.get(key.id)
    assert found is not None
    assert found.last_used_at is not None
    assert found.last_used_at >= key.created_at
    store.keys.touch("nobody's")
