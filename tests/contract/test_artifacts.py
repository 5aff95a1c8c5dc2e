"""Versions and aliases of files, and whose they are."""

import pytest

from headway.errors import Conflict, NotFound
from headway.job import Status
from headway.store.contract import Store
from headway.store.values.artifacts import AliasName
from headway.verdict import Completed, Publication, decide
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


def test_what_is_shared_is_seen_by_everybody_under_its_owners_name(store: Store) -> None:
    one = store.artifacts.add("ann@x.org", publication("intents", alias="best"))
    two = store.artifacts.add("ann@x.org", publication("intents"))
    assert store.artifacts.share(one.id, shared=True)
    shared = store.artifacts.get(one.id)
    assert shared is not None
    assert shared.shared
    for reference in ("ann@x.org:intents", "ann@x.org:intents@1", "ann@x.org:intents@best", one.id):
        assert store.artifacts.resolve("bob", "model", reference) == shared
    for hidden in ("intents", "best", "ann@x.org:intents@2", "ann@x.org:intents@", two.id):
        assert store.artifacts.resolve("bob", "model", hidden) is None
    assert store.artifacts.resolve("ann@x.org", "model", "ann@x.org:intents") == two
    assert store.artifacts.find("bob", "model") == [shared]
    assert store.artifacts.find("bob", "dataset") == []
    assert store.artifacts.share(one.id, shared=False)
    assert store.artifacts.find("bob", "model") == []
    assert not store.artifacts.share("no-such-id", shared=True)


def test_lists_are_narrowed_and_go_on_where_they_ended(store: Store) -> None:
    """One's own and what others share are one list, in one order."""
    made = []
    for number in range(6):
        whose = "ann" if number % 2 else "bob"
        one = store.artifacts.add(whose, publication("ab"[number % 3 == 0]))
        store.artifacts.share(one.id, shared=True)
        made.append(store.artifacts.get(one.id))
    newest = list(reversed(made))
    assert store.artifacts.find("ann", "model") == newest
    first = store.artifacts.find("ann", "model", limit=4)
    rest = store.artifacts.find("ann", "model", limit=4, before=first[-1].seq)
    assert first + rest == newest
    narrowings: tuple[tuple[str | None, str | None], ...] = (
        ("a", None), (None, "bob"), ("b", "ann"),
    )  # fmt: skip
    for name, owner in narrowings:
        wanted = [
            one
            for one in newest
            if one is not None and name in (None, one.name) and owner in (None, one.owner)
        ]
        assert wanted
        assert store.artifacts.find("ann", "model", name=name, owner=owner) == wanted


def test_what_was_deleted_is_found_by_nobody_and_its_version_is_not_given_again(
    store: Store,
) -> None:
    one = store.artifacts.add("ann", publication("intents", path="models/aa/a.npz"))
    two = store.artifacts.add("ann", publication("intents", path="models/bb/b.npz"))
    store.artifacts.delete(two.id)
    assert store.artifacts.get(two.id) is None
    assert store.artifacts.resolve("ann", "model", "intents") == one
    assert store.artifacts.resolve("ann", "model", two.id) is None
    assert store.artifacts.find("ann", "model") == [one]
    assert store.upkeep.known_files([one.path, two.path]) == {one.path}
    assert not store.artifacts.share(two.id, shared=True)
    with pytest.raises(NotFound):
        store.artifacts.delete(two.id)
    assert store.artifacts.add("ann", publication("intents")).version == 3


def test_what_was_deleted_is_back_when_it_is_added_under_its_id_again(store: Store) -> None:
    """An id that is made of the content comes again with it; what is there stays as it is."""
    mails = publication("mails", "dataset", path="datasets/aa/a.parquet")
    first = store.artifacts.add("ann", mails)
    assert store.artifacts.add("ann", mails) == first
    store.artifacts.delete(first.id)
    assert store.artifacts.add("ann", mails) == first
    assert store.artifacts.resolve("ann", "dataset", "mails") == first


def test_what_an_alias_or_an_unfinished_job_needs_is_not_deleted(store: Store) -> None:
    """Whether it waits or runs; one that has ended needs it no more."""
    one = store.artifacts.add("ann", publication("intents", alias="best"))
    with pytest.raises(Conflict, match="'best'; move or remove the alias first"):
        store.artifacts.delete(one.id)
    store.aliases.remove(AliasName(owner="ann", kind="model", name="intents", alias="best"))
    add(store, uses={"model": one.id})
    with pytest.raises(Conflict, match="1 of them still need"):
        store.artifacts.delete(one.id)
    held = claim(store)
    with pytest.raises(Conflict, match="wait for their end"):
        store.artifacts.delete(one.id)
    report(store, held, verdict=decide(Completed(None), held.job, AT_ONCE))
    store.artifacts.delete(one.id)
    assert store.artifacts.get(one.id) is None


def made_by_job(store: Store, kind: str, name: str, **uses: str) -> tuple[str, Publication]:
    """A job that read these and published this."""
    job = add(store, owner="ann", uses=uses)
    held = claim(store)
    made = publication(name, kind)
    report(store, held, verdict=decide(Completed(None, [made]), held.job, AT_ONCE))
    return job.id, made


def test_lineage_leads_to_the_sources_and_to_what_came_of_them(store: Store) -> None:
    raw = store.artifacts.add("ann", publication("raw", "dataset"))
    cleaning, clean = made_by_job(store, "dataset", "clean", data=raw.id)
    training, model = made_by_job(store, "model", "intents", data=clean.id)
    made_by_job(store, "model", "stranger", data="bundled:sample")
    evaluation = add(store, owner="ann", uses={"model": model.id, "data": "bundled:test"})
    for asked in (raw.id, clean.id, model.id):
        found = store.artifacts.lineage(asked)
        assert found.artifacts.keys() == {raw.id, clean.id, model.id}
        names = {job.seq: job.id for job in found.jobs}
        assert set(names.values()) == {cleaning, training, evaluation.id}
        assert {(names[seq], id) for seq, id in found.made} == {
            (cleaning, clean.id), (training, model.id),
        }  # fmt: skip
        assert {(raw.id, cleaning), (clean.id, training), (model.id, evaluation.id)} <= {
            (id, names[seq]) for id, seq in found.used
        }


def test_lineage_outlives_the_jobs(store: Store) -> None:
    """Of those that made something; and says so of what was deleted."""
    raw = store.artifacts.add("ann", publication("raw", "dataset"))
    training, model = made_by_job(store, "model", "intents", data=raw.id)
    evaluation = add(store, owner="ann", uses={"model": model.id})
    held = claim(store)
    report(store, held, verdict=decide(Completed(None), held.job, AT_ONCE))
    assert len(store.retention.prune(0.0).jobs) == 2
    store.artifacts.delete(raw.id)
    found = store.artifacts.lineage(model.id)
    assert [(job.id, job.operation, job.status) for job in found.jobs] == [
        (training, "resize", None)
    ]
    assert found.artifacts[raw.id].deleted_at is not None
    assert evaluation.id not in str(found)


def test_lineage_has_bounds(store: Store) -> None:
    """Of a data set that thousands of jobs read, too."""
    raw = store.artifacts.add("ann", publication("raw", "dataset"))
    for number in range(30):
        made_by_job(store, "model", f"m{number}", data=raw.id)
    assert len(store.artifacts.lineage(raw.id, most=1).artifacts) == 1
    assert len(store.artifacts.lineage(raw.id, most=2).artifacts) <= 21
