"""Answers that are held: until a job has ended, or differs from what its client has."""

from time import monotonic

from anyio import to_thread

from headway.http.feed import Feed
from headway.http.headers import NOTHING_KNOWN, Known, Preferences
from headway.http.in_flight import aside
from headway.http.news import arrived
from headway.http.parts import Parts
from headway.http.seats import TooManyStreams
from headway.job import Job
from headway.queue import Queue


async def held(
    parts: Parts, job_id: str, owner: str, wishes: Preferences, known: Known = NOTHING_KNOWN
) -> tuple[Job | None, dict[str, str]]:
    """The owner's job when it has ended, as `Prefer: wait` asks for it, or as it is when the time is
    over; and the header that says that the wish was heeded. Who says what he has is told of all
    else at once.

    No job where nobody asked to wait, or where the user waits for as many answers as he may: a wish
    need not be heeded, and each that waits costs what a stream does.
    """
    if wishes.wait is None:
        return None, {}
    try:
        with parts.waits.one(owner):
            job = await wait_for(parts, job_id, owner, wishes.wait, known)
    except TooManyStreams:
        return None, {}
    return job, {"Preference-Applied": f"wait={wishes.wait}"}


async def wait_for(
    parts: Parts, job_id: str, owner: str, seconds: float, known: Known = NOTHING_KNOWN
) -> Job:
    """The owner's job once it has ended, or as it is after so many seconds."""
    with aside():
        return await _until_told(parts.queue, parts.feed, job_id, owner, seconds, known)


async def _until_told(
    queue: Queue, feed: Feed, job_id: str, owner: str, seconds: float, known: Known
) -> Job:
    listener = feed.watch(job_id)
    try:
        deadline = monotonic() + seconds
        job = await to_thread.run_sync(queue.get, job_id, owner)
        while known.is_worth_waiting(job) and not listener.closed:
            told = arrived(await listener.take(max(0.0, deadline - monotonic())))
            is_new = any(one.last or known.lacks(one.version) for one in told)
            is_over = monotonic() >= deadline
            if is_new or is_over or listener.missed():
                job = await to_thread.run_sync(queue.get, job_id, owner)
            if is_over:
                break
        return job
    finally:
        feed.leave(listener)
