"""What the reader tells owners of all their jobs: each news joins on to the ones before."""

import pytest

from headway.events.hub import Hub, Listener
from headway.http.cursors import Cursors
from headway.http.news import News, OwnerPlace, arrived, step
from headway.http.owner_news import OwnerNews
from headway.store.contract import Store
from headway.store.sql_store import SqlStore
from headway.wiring import Service
from tests.contract.acts import add, claims, join


@pytest.fixture
def news(service: Service, hub: Hub[News]) -> OwnerNews:
    return OwnerNews(service.queue, hub, Cursors(b"secret", b"position"))


async def taken(listener: Listener[News]) -> list[News]:
    return await listener.take(0)


async def test_events_of_others_in_between_leave_no_gap(
    store: Store, hub: Hub[News], news: OwnerNews
) -> None:
    """Whoever was told all that is his lacks nothing."""
    listener, place = hub.listen("ann"), OwnerPlace(store.events.last_position())
    news.read(changed=True)
    for owner in ("ann", "bob", "ann", "bob", "bob", "ann"):
        add(store, owner=owner)
        news.read(changed=True)
    forward = step(place, await taken(listener))
    assert not forward.is_behind
    assert [frame.event for frame in forward.frames] == ["update"] * 3


async def test_who_came_while_others_were_told_hears_from_where_on_he_is(
    store: Store, hub: Hub[News], news: OwnerNews
) -> None:
    """Though nothing happens any more: what happened since he looked was told to others alone."""
    hub.listen("ann")
    news.read(changed=True)
    place = OwnerPlace(store.events.last_position())
    add(store, owner="bob")
    news.read(changed=True)
    listener = hub.listen("bob")
    news.read(changed=False)
    assert step(place, await taken(listener)).is_behind
    news.read(changed=False)
    assert await taken(listener) == []


async def test_a_job_that_cannot_be_read_holds_up_no_other_owner(
    store: Store, hub: Hub[News], news: OwnerNews
) -> None:
    """Its own owner's viewers are sent to read by themselves."""
    listening = {owner: hub.listen(owner) for owner in ("ann", "bob", "eve")}
    jobs = {owner: add(store, owner=owner) for owner in listening}
    claims(store, join(store), 3)
    assert isinstance(store, SqlStore)
    with store.jobs._db.write() as tx:  # noqa: SLF001 - nothing of ours writes what is no JSON
        tx.run("UPDATE jobs SET metadata = '{' WHERE id = :id", {"id": jobs["bob"].id})
    news.read(changed=True)
    told = {owner: await taken(one) for owner, one in listening.items()}
    for owner in ("ann", "eve"):
        assert "progress" in {frame.event for frame in arrived(told[owner])}
    assert step(OwnerPlace(store.events.last_position()), told["bob"]).is_behind


async def test_who_watches_when_it_begins_anew_reads_what_lies_before(
    store: Store, hub: Hub[News], news: OwnerNews
) -> None:
    """As after a defect, which may have come between the reading and the telling."""
    listener, place = hub.listen("ann"), OwnerPlace(0)
    news.read(changed=True)
    add(store, owner="ann")
    news.forget()
    news.read(changed=False)
    assert step(place, await taken(listener)).is_behind
