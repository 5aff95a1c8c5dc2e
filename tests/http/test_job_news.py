"""What the reader tells the viewers of single jobs: what has changed, and nothing else."""

import pytest

from headway.events import LogLine
from headway.events.hub import Hub, Listener
from headway.http import job_news
from headway.http.job_news import JobNews
from headway.http.news import JobPlace, News, arrived, step
from headway.job import Job
from headway.store.contract import Store
from headway.store.sql_store import SqlStore
from headway.wiring import Service
from tests.contract.acts import add, claims, complete, join, report


@pytest.fixture
def news(service: Service, hub: Hub[News]) -> JobNews:
    return JobNews(service.queue, hub)


async def heard(listener: Listener[News]) -> list[tuple[str, int | None]]:
    """What was published on a topic since it was asked last: name and number of each frame."""
    return [(frame.event, frame.number) for frame in arrived(await listener.take(0))]


async def test_viewers_of_a_job_hear_nothing_of_another(
    store: Store, hub: Hub[News], news: JobNews
) -> None:
    """Those of the one that has changed hear its events, each once."""
    (quiet, loud), held = [add(store), add(store)], claims(store, join(store), 2)
    listening = [hub.listen(quiet.id), hub.listen(loud.id)]
    news.read(changed=True)
    for one in listening:
        assert ("update", None) in await heard(one)
    report(store, held[1], facts=[LogLine("info", "a"), LogLine("info", "b")], progress=40.0)
    news.read(changed=True)
    assert await heard(listening[0]) == []
    assert await heard(listening[1]) == [
        ("log", 3), ("log", 4), ("update", None), ("progress", None),
    ]  # fmt: skip
    news.read(changed=True)
    assert await heard(listening[1]) == []


async def test_a_job_that_ends_between_two_looks_is_told_to_its_end(
    store: Store, hub: Hub[News], news: JobNews
) -> None:
    """Everything that happened, then what came of it, and the end last."""
    job, (held,) = add(store), claims(store, join(store), 1)
    listener = hub.listen(job.id)
    news.read(changed=True)
    await heard(listener)
    report(store, held, facts=[LogLine("info", "a")])
    complete(store, held)
    news.read(changed=True)
    assert await heard(listener) == [("log", 3), ("update", None), ("complete", 4)]


async def test_a_job_that_is_watched_later_is_looked_at_though_nothing_changed(
    store: Store, hub: Hub[News], news: JobNews
) -> None:
    """Whoever came between the last change and the next look is told where it stands."""
    first, second = add(store), add(store)
    hub.listen(first.id)
    news.read(changed=True)
    listener = hub.listen(second.id)
    news.read(changed=False)
    assert ("update", None) in await heard(listener)


async def test_a_job_that_cannot_be_read_holds_up_no_other(
    store: Store, hub: Hub[News], news: JobNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own viewers are sent to read it by themselves, and hear of it once that can be done."""
    monkeypatch.setattr(job_news, "DEFECT_SECONDS", 0.0)
    jobs, held = [add(store) for _ in range(5)], claims(store, join(store), 5)
    listening = [hub.listen(job.id) for job in jobs]
    news.read(changed=True)
    broken, others = listening[2], [*listening[:2], *listening[3:]]
    for one in listening:
        await heard(one)
    write_metadata(store, jobs[2], "{")
    for claim in held:
        report(store, claim, progress=40.0)
    news.read(changed=True)
    for one in others:
        assert ("update", None) in await heard(one)
    assert step(JobPlace(jobs[2].last_event), await broken.take(0)).is_behind
    write_metadata(store, jobs[2], "{}")
    news.read(changed=True)
    assert ("update", None) in await heard(broken)


def write_metadata(store: Store, job: Job, text: str) -> None:
    assert isinstance(store, SqlStore)
    with store.jobs._db.write() as tx:  # noqa: SLF001 - nothing of ours writes what is no JSON
        tx.run("UPDATE jobs SET metadata = :text WHERE id = :id", {"text": text, "id": job.id})


async def test_a_job_that_is_gone_is_told_to_be_missing(
    store: Store, hub: Hub[News], news: JobNews
) -> None:
    """As the last there is to say."""
    job, (held,) = add(store), claims(store, join(store), 1)
    complete(store, held)
    listener = hub.listen(job.id)
    news.read(changed=True)
    await heard(listener)
    store.retention.prune(0.0, limit=10)
    news.read(changed=True)
    assert await heard(listener) == [("error", None)]
