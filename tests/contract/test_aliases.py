"""Aliases that move, and where they were before."""

from collections.abc import Iterator

import pytest

from headway.errors import Conflict, NotFound
from headway.job import Status
from headway.store.contract import Store
from headway.store.values.artifacts import AliasName, StoredArtifact
from headway.verdict import Completed, decide
from tests.contract.acts import AT_ONCE, add, claim, now_of, publication, report

BEST = AliasName(owner="ann", kind="model", name="intents", alias="best")


def versions(store: Store, count: int) -> Iterator[StoredArtifact]:
    for _ in range(count):
        yield store.artifacts.add("ann", publication("intents"))


def pointed(store: Store) -> int:
    found = store.artifacts.resolve("ann", "model", "intents@best")
    assert found is not None
    return found.version


def test_an_alias_moves_and_tells_where_it_is(store: Store) -> None:
    one, two = versions(store, 2)
    assert store.aliases.move(BEST, one.id).version == 1
    moved = store.aliases.move(BEST, two.id)
    assert (moved.alias, moved.name, moved.artifact_id, moved.version) == (
        "best", "intents", two.id, 2,
    )  # fmt: skip
    assert store.aliases.of_name("ann", "model", "intents") == [moved]
    assert store.aliases.of_artifacts([one.id, two.id, "no-such-id"]) == {two.id: ["best"]}
    assert [move.version for move in store.aliases.moves(BEST)] == [2, 1]


@pytest.mark.parametrize("expected", ["", "one"])
def test_a_verdict_moves_an_alias_only_from_where_it_must_be(store: Store, expected: str) -> None:
    """Else the attempt has failed for good, says why, and has published nothing."""
    one, two, three = versions(store, 3)
    condition = [one.id] if expected else []
    promoted = publication("intents", id=two.id, alias="best", alias_from=condition)
    for moved in (False, True):
        if expected:
            store.aliases.move(BEST, three.id if moved else one.id)
        job = add(store, owner="ann", max_attempts=3)
        new = publication("other")
        verdict = decide(Completed({"promoted": True}, [new, promoted]), job, AT_ONCE)
        assert report(store, claim(store), verdict=verdict)
        ended = now_of(store, job)
        if not moved:
            assert (ended.status, pointed(store)) == (Status.COMPLETED, 2)
            continue
        assert (ended.status, ended.attempt) == (Status.FAILED, 1)
        here = f"got version {3 if expected else 2}: somebody moved it meanwhile"
        assert here in (ended.error or "")
        assert (ended.result, store.artifacts.get(new.id)) == (None, None)
        assert [a.reason for a in store.jobs.attempts(job.id)] == ["failed"]
    assert pointed(store) == (3 if expected else 2)


def test_a_rollback_goes_one_step_back_each_time(store: Store) -> None:
    """And a move after it begins a new branch, which leads back through where it began."""
    one, two, three, four = versions(store, 4)
    for version in (one, two, three):
        store.aliases.move(BEST, version.id)
    assert store.aliases.roll_back(BEST).version == 2
    assert store.aliases.roll_back(BEST).version == 1
    with pytest.raises(Conflict, match="only been at version 1"):
        store.aliases.roll_back(BEST)
    store.aliases.move(BEST, four.id)
    assert store.aliases.roll_back(BEST).version == 1
    assert [move.version for move in store.aliases.moves(BEST)] == [1, 4, 1, 2, 3, 2, 1]


def test_a_rollback_passes_over_what_was_deleted_and_what_is_the_same(store: Store) -> None:
    one, two, three = versions(store, 3)
    for version in (one, two, three, three):
        store.aliases.move(BEST, version.id)
    store.artifacts.delete(two.id)
    assert store.aliases.roll_back(BEST).version == 1


def test_an_alias_that_was_removed_can_be_made_again_and_rolled_back(store: Store) -> None:
    one, two = versions(store, 2)
    store.aliases.move(BEST, one.id)
    assert store.aliases.remove(BEST)
    assert not store.aliases.remove(BEST)
    assert store.artifacts.resolve("ann", "model", "intents@best") is None
    with pytest.raises(NotFound, match="expected an alias of intents"):
        store.aliases.roll_back(BEST)
    store.aliases.move(BEST, two.id)
    assert store.aliases.roll_back(BEST).version == 1
    assert [move.version for move in store.aliases.moves(BEST)] == [1, 2, None, 1]


def test_an_alias_that_somebody_else_moved_stays_where_it_is(store: Store) -> None:
    one, two = versions(store, 2)
    store.aliases.move(BEST, one.id)
    with pytest.raises(Conflict, match="got version 1: somebody moved it"):
        store.aliases.move(BEST, two.id, expected=two.id)
    with pytest.raises(Conflict, match="somebody moved it"):
        store.aliases.roll_back(BEST, expected=two.id)
    assert pointed(store) == 1
    store.aliases.move(BEST, two.id, expected=one.id)
    assert pointed(store) == 2


def test_an_alias_points_to_versions_of_its_own_name_only(store: Store) -> None:
    other = store.artifacts.add("ann", publication("other"))
    anothers = store.artifacts.add("bob", publication("intents"))
    data = store.artifacts.add("ann", publication("intents", "dataset"))
    for wrong in (other.id, anothers.id, data.id, "no-such-id"):
        with pytest.raises(NotFound, match="expected a version of intents"):
            store.aliases.move(BEST, wrong)
    assert store.aliases.moves(BEST) == []


def test_a_verdict_moves_an_alias_and_is_named_in_its_history(store: Store) -> None:
    """Of a version that it makes, and of one that was there."""
    (one,) = versions(store, 1)
    job = add(store, owner="ann")
    held = claim(store)
    there = publication("intents", alias="best", id=one.id)
    report(store, held, verdict=decide(Completed(None, [there]), held.job, AT_ONCE))
    assert pointed(store) == 1
    (move,) = store.aliases.moves(BEST)
    assert (move.version, move.job_id) == (1, job.id)
    assert store.artifacts.get(one.id) == one


def test_a_verdict_cannot_move_an_alias_to_what_is_another_owners(store: Store) -> None:
    bobs = store.artifacts.add("bob", publication("intents"))
    add(store, owner="ann")
    held = claim(store)
    made = publication("intents", alias="best", id=bobs.id)
    report(store, held, verdict=decide(Completed(None, [made]), held.job, AT_ONCE))
    assert store.artifacts.resolve("ann", "model", "intents@best") is None
    assert store.artifacts.resolve("bob", "model", "intents@best") is None
