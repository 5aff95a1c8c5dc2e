"""A job whose input names what was deleted meanwhile fails at once, with a sentence."""

from hashlib import sha256

from headway.job import Job
from headway.job_request import JobRequest
from headway.store.values.artifacts import StoredArtifact
from headway.verdict import Publication
from tests.worker.site import Site

FAR_OFF = 4e9

GONE = (
    "expected the dataset that 'dataset' names in the input, got one that was deleted before the"
    " attempt began; submit the job anew with another"
)


def stored(site: Site, name: str, *, content: bytes = b"rows") -> StoredArtifact:
    """A data set of ada's, and its file."""
    root = site.service.files.root
    root.mkdir(exist_ok=True)
    (root / name).write_bytes(content)
    publication = Publication(
        id=name, kind="dataset", name=name, path=name, sha256=sha256(content).hexdigest(),
        size=len(content), meta={},
    )  # fmt: skip
    return site.store.artifacts.add("ada", publication)


def check_ended(site: Site, job: Job) -> None:
    """It has failed by itself, with the sentence; nothing crashed."""
    ended = site.failed(job)
    assert (ended.error, ended.crashes, ended.interruptions) == (GONE, 0, 0)


def test_a_data_set_deleted_while_its_job_was_being_made_ends_the_job(running: Site) -> None:
    """Between the moment it was pinned and the commit; whoever is claimed with it goes on."""
    queue = running.service.queue
    here, gone = stored(running, "here"), stored(running, "gone")
    wishes = [
        JobRequest(operation="read_dataset", owner="ada", input={"dataset": one.name})
        for one in (here, gone)
    ]
    prepared = [queue.prepare(wish) for wish in wishes]
    running.store.artifacts.delete(gone.id)
    queue.accept(prepared)
    reads, misses = (running.store.jobs.get_many([one.id])[0] for one in prepared)
    check_ended(running, misses)
    assert running.reasons(misses) == ["failed"]
    assert running.completed(reads).result == {"text": "rows", "version": here.version}


def test_a_retry_of_a_job_whose_data_set_was_deleted_since_says_so(running: Site) -> None:
    """Nothing unfinished reads it any more, so it could be deleted."""
    read = stored(running, "read_once")
    job = running.submit("read_dataset", {"run_at": FAR_OFF}, dataset=read.name)
    running.cancel(job)
    running.store.artifacts.delete(read.id)
    check_ended(running, running.service.queue.retry(job.id, job.owner))
