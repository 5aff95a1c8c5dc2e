"""What is removed with somebody: all of it, and nothing of others."""

import pytest

from headway.errors import Conflict
from headway.rights import Scope
from headway.store.contract import Store
from headway.store.identity import Holdings
from headway.store.values.artifacts import AliasName
from headway.verdict import Split
from tests.contract.acts import add, claim, complete, conclude, join, key, publication, submission


def furnished(store: Store, owner: str) -> str:
    """Somebody with one of each; the id of his job, which has ended."""
    store.users.add(owner, "hash")
    job = add(store, owner=owner, idempotency=key("k"))
    complete(store, claim(store, join(store)))
    store.artifacts.add(owner, publication("intents"), job.id)
    store.users.count_requests({owner: 3})
    store.keys.add(
        owner,
        "ci",
        key_id=f"key-{owner}",
        digest=f"hash-{owner}",
        scopes={Scope.READ},
        lifetime=None,
        most=9,
    )
    return job.id


def test_nothing_is_left_of_him_and_all_of_others(store: Store) -> None:
    hers = furnished(store, "ann")
    his = furnished(store, "bob")
    before = (store.jobs.get(hers), store.artifacts.find("ann", "model"), store.users.get("ann"))
    assert store.erasure.holdings("bob") == Holdings(jobs=1, artifacts=1, shared=0)
    assert store.erasure.erase_jobs("bob") == [his]
    store.erasure.erase_rest("bob")
    assert store.erasure.holdings("bob") == Holdings(jobs=0, artifacts=0, shared=0)
    assert store.users.get("bob") is None
    assert store.jobs.get(his) is None
    assert store.retention.tombstone(his) is None
    assert store.keys.of_owner("bob") == []
    assert store.keys.find("hash-bob") is None
    store.users.add("bob", "hash")
    reborn = store.users.get("bob")
    assert reborn is not None
    assert reborn.request_count == 0
    (added,) = store.jobs.add([submission(owner="bob", idempotency=key("k"))])
    assert not added.replayed  # type: ignore[union-attr]  # the key is not known any more
    assert before == (
        store.jobs.get(hers),
        store.artifacts.find("ann", "model"),
        store.users.get("ann"),
    )


def test_shards_go_with_the_job_they_are_of(store: Store) -> None:
    """They are in no list of what he has; nothing is left of them either."""
    store.users.add("bob", "hash")
    job = add(store, owner="bob")
    assert conclude(store, claim(store), Split(["{}", "{}"]))
    shards = [one.id for one in store.jobs.shards(job.id)]
    assert store.erasure.holdings("bob").jobs == 1
    assert store.erasure.unfinished("bob") == [job.id]
    store.jobs.cancel(job.id)
    assert store.erasure.unfinished("bob") == []
    assert set(store.erasure.erase_jobs("bob")) == {job.id, *shards}
    store.erasure.erase_rest("bob")
    assert store.jobs.get_many([job.id, *shards]) == []


def test_an_alias_and_its_moves_go_too(store: Store) -> None:
    furnished(store, "bob")
    alias = AliasName(owner="bob", kind="model", name="intents", alias="best")
    (version,) = store.artifacts.find("bob", "model")
    store.aliases.move(alias, version.id)
    store.erasure.erase_jobs("bob")
    store.erasure.erase_rest("bob")
    assert store.aliases.of_name("bob", "model", "intents") == []
    assert store.aliases.moves(alias) == []


def test_what_is_shared_is_told(store: Store) -> None:
    furnished(store, "bob")
    (version,) = store.artifacts.find("bob", "model")
    store.artifacts.share(version.id, shared=True)
    assert store.erasure.holdings("bob").shared == 1
    store.artifacts.delete(version.id)
    assert store.erasure.holdings("bob") == Holdings(jobs=1, artifacts=1, shared=0)


def test_the_rest_waits_for_his_jobs(store: Store) -> None:
    store.users.add("bob", "hash")
    job = add(store, owner="bob")
    assert store.erasure.unfinished("bob") == [job.id]
    assert store.erasure.erase_jobs("bob") == []
    with pytest.raises(Conflict, match="once more"):
        store.erasure.erase_rest("bob")
    assert store.users.get("bob") is not None
    store.jobs.cancel(job.id)
    assert store.erasure.unfinished("bob") == []
    assert store.erasure.erase_jobs("bob") == [job.id]
    store.erasure.erase_rest("bob")


def test_many_jobs_go_in_steps(store: Store) -> None:
    for _ in range(5):
        store.jobs.cancel(add(store, owner="bob").id)
    steps = [len(store.erasure.erase_jobs("bob", limit=2)) for _ in range(4)]
    assert steps == [2, 2, 1, 0]
