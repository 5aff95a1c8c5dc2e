"""Versions and aliases of files, and whose they are."""

import pytest

from headway.job import Completed, Publication, Status, decide
from headway.store.contract import Store
from tests.contract.acts import AT_ONCE, add, claim, now_of, publication, report


def test_an_artefact_is_read_as_it_was_added(store: Store) -> None:
    made = publication(
        "mails", "dataset", path="datasets/ab/x.csv", sha256="ab" * 32, size=1 << 40,
        meta={"rows": 3000, "columns": ["text", "label"]},
    )  # fmt: skip
    added = store.artifacts.add("ann", made)
    assert store.artifacts.get(made.id) == added
    assert (added.id, added.kind, added.name, added.owner) == (made.id, "dataset", "mails", "ann")
    assert (added.path, added.sha256, added.size) == (made.path, made.sha256, made.size)
    assert added.meta == made.meta
    assert (added.version, added.job_id) == (1, None)
    assert store.artifacts.get("no-such-id") is None


def test_an_artefact_knows_the_job_that_made_it(store: Store) -> None:
    job = add(store)
    assert store.artifacts.add("ann", publication("m"), job.id).job_id == job.id
    assert store.artifacts.add("ann", publication("m"), "no-such-id").job_id is None


def test_each_name_has_versions_of_its_own(store: Store) -> None:
    versions = [
        store.artifacts.add(owner, publication(name, kind)).version
        for owner, name, kind in [
            ("ann", "a", "model"), ("ann", "a", "model"), ("ann", "b", "model"),
            ("ann", "a", "dataset"), ("bob", "a", "model"), ("ann", "a", "model"),
        ]
    ]  # fmt: skip
    assert versions == [1, 2, 1, 1, 1, 3]


def test_a_reference_can_be_a_name_a_version_an_alias_or_an_id(store: Store) -> None:
    one = store.artifacts.add("ann", publication("intents", alias="production"))
    two = store.artifacts.add("ann", publication("intents"))
    three = store.artifacts.add("ann", publication("intents", alias="candidate"))
    means = {
        reference: store.artifacts.resolve("ann", "model", reference)
        for reference in (
            "intents", "intents@1", "intents@2", "intents@production", "intents@candidate",
            "production", "candidate", two.id,
        )
    }  # fmt: skip
    assert means == {
        "intents": three, "intents@1": one, "intents@2": two, "intents@production": one,
        "intents@candidate": three, "production": one, "candidate": three, two.id: two,
    }  # fmt: skip


@pytest.mark.parametrize(
    "reference",
    ["", "@", "@1", "intents@", "intents@0", "intents@2", "intents@-1", "intents@staging",
     "intents@1@1", "intents@1.0", "intents@¹", "INTENTS", "intents%", "other", "' OR 1=1 --",
     f"intents@{2**63}", "intents@" + "9" * 5000, "x" * 5000],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_a_reference_that_means_nothing_is_none(store: Store, reference: str) -> None:
    """However odd it is: users write it."""
    store.artifacts.add("ann", publication("intents", alias="production"))
    assert store.artifacts.resolve("ann", "model", reference) is None


def test_an_alias_moves_to_the_newest_that_carries_it(store: Store) -> None:
    store.artifacts.add("ann", publication("intents", alias="production"))
    two = store.artifacts.add("ann", publication("intents", alias="production"))
    assert store.artifacts.resolve("ann", "model", "intents@production") == two
    assert store.artifacts.resolve("ann", "model", "production") == two


def test_a_bare_alias_of_several_names_means_the_one_that_got_it_last(store: Store) -> None:
    """Also when one verdict gave it to both, in one moment."""
    job = add(store)
    held = claim(store)
    made = [publication(name, alias="best") for name in ("z", "a", "m")]
    report(store, held, verdict=decide(Completed(None, made), held.job, AT_ONCE))
    assert now_of(store, job).status is Status.COMPLETED
    found = store.artifacts.resolve("ann", "model", "best")
    assert found is not None
    assert found.name == "m"


def test_a_name_means_more_than_an_alias(store: Store) -> None:
    store.artifacts.add("ann", publication("intents", alias="best"))
    named = store.artifacts.add("ann", publication("best"))
    assert store.artifacts.resolve("ann", "model", "best") == named
    assert store.artifacts.resolve("ann", "model", "intents@best") != named


def test_what_belongs_to_another_owner_or_kind_is_invisible(store: Store) -> None:
    anns = store.artifacts.add("ann", publication("intents", alias="production"))
    for reference in ("intents", "intents@1", "intents@production", "production", anns.id):
        assert store.artifacts.resolve("bob", "model", reference) is None
        assert store.artifacts.resolve("ann", "dataset", reference) is None
    assert store.artifacts.find("bob", "model") == []
    assert store.artifacts.find("ann", "dataset") == []


def test_an_owner_cannot_move_anothers_alias(store: Store) -> None:
    anns = store.artifacts.add("ann", publication("intents", alias="production"))
    store.artifacts.add("bob", publication("intents", alias="production"))
    assert store.artifacts.resolve("ann", "model", "intents@production") == anns


def test_artefacts_are_found_newest_first(store: Store) -> None:
    made = [store.artifacts.add("ann", publication(name)) for name in ("a", "b", "a")]
    assert store.artifacts.find("ann", "model") == list(reversed(made))
    assert store.artifacts.find("ann", "model", limit=1) == [made[2]]


def test_what_an_attempt_publishes_exists_from_its_verdict_on(store: Store) -> None:
    job = add(store, owner="ann")
    held = claim(store)
    made: list[Publication] = [publication("intents"), publication("mails", "dataset")]
    assert store.artifacts.find("ann", "model") == []
    report(store, held, verdict=decide(Completed(None, made), held.job, AT_ONCE))
    for one in made:
        found = store.artifacts.get(one.id)
        assert found is not None
        assert (found.owner, found.job_id, found.name) == ("ann", job.id, one.name)
