"""Each operation ends as it must: state, reason, counters, sentence; and the next job starts at once."""

import re
from pathlib import Path

import pytest

from headway.job import Status
from tests.waiting import eventually
from tests.worker.operations_under_test import MIB
from tests.worker.processes import is_alive
from tests.worker.site import Site


@pytest.mark.parametrize("name", ["noop", "noop_alone"])
def test_an_operation_that_returns_is_completed(running: Site, name: str) -> None:
    """Its result is kept, and one attempt is on record."""
    job = running.completed(running.submit(name))
    assert (job.progress, job.error, job.attempt, job.crashes) == (100, None, 0, 0)
    assert running.reasons(job) == ["completed"]


@pytest.mark.parametrize("name", ["fails", "fails_async"])
def test_a_failing_operation_gets_exactly_max_attempts(running: Site, name: str) -> None:
    """Three attempts, each with its traceback for the operator, then it has failed."""
    job = running.failed(running.submit(name, succeeds_at=99))
    assert (job.attempt, job.max_attempts, job.error) == (3, 3, "ValueError: attempt 3 failed")
    attempts = running.attempts(job)
    assert [one.reason for one in attempts] == ["failed"] * 3
    assert [one.error for one in attempts] == [f"ValueError: attempt {n} failed" for n in (1, 2, 3)]
    assert all("operations_under_test.py" in str(one.traceback) for one in attempts)


@pytest.mark.parametrize("name", ["fails", "fails_async"])
def test_an_operation_may_succeed_at_its_last_attempt(running: Site, name: str) -> None:
    """Earlier failures leave no error behind."""
    job = running.completed(running.submit(name, succeeds_at=3))
    assert (job.result, job.attempt, job.error) == ({"attempt": 3}, 2, None)


def test_the_delay_before_a_retry_is_a_state_of_the_job(running: Site) -> None:
    """It waits for its retry, says when, and why; it can be cancelled meanwhile."""
    job = running.submit("fails_later")
    waiting = running.until(job, lambda now: now.attempt == 1)
    assert (waiting.status, waiting.waiting_for) == (Status.PENDING, "retry")
    assert waiting.run_at is not None
    assert waiting.error == "the other side is down"
    assert running.cancel(job).status is Status.CANCELLED


def test_what_is_not_retryable_gets_one_attempt(running: Site) -> None:
    """Its sentence is the error, as it was written."""
    job = running.failed(running.submit("not_retryable"))
    assert (job.attempt, job.error, job.result) == (1, "the file has no column `text`", None)


def test_an_error_brings_what_was_found_all_the_same(running: Site) -> None:
    """It is the failed job's result; what cannot be kept does not hide the sentence."""
    job = running.failed(running.submit("finds_something"))
    assert job.error == "the file has no column `text`"
    assert job.result == {"columns": ["a", "b"]}
    job = running.failed(running.submit("finds_the_unspeakable"))
    assert job.error is not None
    assert job.error.startswith(
        "the file has no column `text` (expected the error to keep what JSON"
    )
    assert job.result is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("segfault", "the process was killed by signal 11 (SIGSEGV)"),
        ("os_exit", "the process ended with exit code 7 before the operation returned"),
        (
            "kills_itself",
            (
                "the process was killed by signal 9 (SIGKILL), likely by the system's"
                " out-of-memory killer"
            ),
        ),
        ("rare_signal", "the process was killed by signal 40"),
        ("segfault_async", "the process was killed by signal 11 (SIGSEGV)"),
    ],
)
def test_a_crash_is_counted_apart_and_bounded(running: Site, name: str, reason: str) -> None:
    """Three crashes end the job; none of them is a failed attempt."""
    job = running.failed(running.submit(name))
    assert (job.attempt, job.crashes, job.interruptions) == (0, 3, 0)
    assert job.error == f"{reason}; given up after 3 crashes"
    assert running.reasons(job) == ["crashed"] * 3


@pytest.mark.parametrize(
    ("name", "attempts", "sentence"),
    [
        ("sys_exit", 1, "expected the operation to return, got: it called sys.exit(3)"),
        ("base_exception", 2, "Bare: not an Exception"),
        ("memory_error", 2, "ran out of memory (limit 256 MB, peak "),
        ("memory_error_async", 2, "ran out of memory"),
        ("result_not_json", 1, "expected result_not_json to return what JSON can hold, got: "),
        ("result_not_json_async", 1, "expected result_not_json_async to return what JSON can hold"),
    ],
)
def test_what_else_goes_wrong_is_a_sentence(
    running: Site, name: str, attempts: int, sentence: str
) -> None:
    """It is a failure, not a crash: the child lived to say it."""
    job = running.failed(running.submit(name))
    assert (job.attempt, job.crashes) == (attempts, 0)
    assert str(job.error).startswith(sentence)


@pytest.mark.parametrize("links", [False, True], ids=["lists", "links"])
def test_memory_filled_to_the_last_byte_is_a_sentence_too(running: Site, links: bool) -> None:
    """The child finds the room to say so where not even a tuple can be made any more."""
    job = running.failed(running.submit("memory_error_bit_by_bit", links=links), within=60)
    assert (job.attempt, job.crashes) == (2, 0)
    assert str(job.error).startswith("ran out of memory (limit 256 MB, peak 2")


def test_memory_that_the_system_does_not_bound_is_watched(running: Site) -> None:
    """What is shared with other processes counts too; too much of it is a crash."""
    job = running.failed(running.submit("shares_memory", size=192 * MIB))
    assert (job.attempt, job.crashes) == (0, 3)
    found = re.fullmatch(
        r"ran out of memory \(limit 128 MB, peak (\d+) MB\); given up after 3 crashes",
        str(job.error),
    )
    assert found is not None
    assert 176 <= int(found[1]) < 400  # the limit and its slack: it may have been still filling
    assert running.reasons(job) == ["crashed"] * 3


def test_pages_of_files_are_nobodys_memory(running: Site, tmp_path: Path) -> None:
    """A mapped file may be larger than the limit: the system takes such pages when it wants."""
    file = tmp_path / "mapped"
    file.write_bytes(bytes(192 * MIB))
    job = running.completed(running.submit("maps_a_file", file=str(file)))
    assert job.result["resident"] > 192 * MIB


@pytest.mark.parametrize("name", ["raises", "raises_async"])
@pytest.mark.parametrize(
    ("which", "sentence"),
    [
        ("unspeakable", "Unspeakable: "),
        ("undecodable", "Undecodable: no such file: "),
        ("nul", "ValueError: a"),
        ("long", "ValueError: xxx"),
        ("cancelled_error", "CancelledError: "),
        ("keyboard_interrupt", "KeyboardInterrupt: "),
    ],
)
def test_whatever_is_raised_has_a_text(running: Site, name: str, which: str, sentence: str) -> None:
    """No exception is too odd to be told to the user: two attempts, and a sentence."""
    job = running.failed(running.submit(name, which=which))
    assert (job.attempt, job.crashes, job.interruptions) == (2, 0, 0)
    assert str(job.error).startswith(sentence)
    assert len(str(job.error)) <= 2000


@pytest.mark.parametrize("name", ["says_what_is_no_json", "says_what_is_no_json_async"])
@pytest.mark.parametrize("which", ["log", "metric", "progress", "items", "surrogate"])
def test_a_report_that_is_no_json_fails_its_operation(running: Site, name: str, which: str) -> None:
    """Where it is made, and nobody else."""
    sibling = running.submit("until_file_async", file=str(running.directory / f"{name}-{which}"))
    running.until(sibling, lambda now: now.status is Status.RUNNING)
    job = running.failed(running.submit(name, which=which))
    assert (job.attempt, job.crashes) == (1, 0)
    assert "not JSON serializable" in str(job.error) or "UTF-8" in str(job.error)
    (running.directory / f"{name}-{which}.go").touch()
    assert running.completed(sibling).interruptions == 0


def test_a_publication_that_is_no_json_fails_its_operation(running: Site) -> None:
    """It is no crash."""
    job = running.failed(running.submit("publishes_what_is_no_json"))
    assert (job.attempt, job.crashes) == (1, 0)
    assert "not JSON serializable" in str(job.error)


def test_a_result_may_be_large_but_not_huge(running: Site) -> None:
    """Four MiB arrive whole, however late the worker reads; more is refused for good."""
    for _ in range(5):
        job = running.submit("large_result", size=4 * MIB - 10)
        assert len(running.completed(job).result) == 4 * MIB - 10
    job = running.failed(running.submit("large_result", size=4 * MIB))
    assert job.attempt == 1
    assert str(job.error).startswith("expected a result of at most 4194304 bytes as JSON, got ")


def test_a_report_beyond_every_bound_fails_its_operation(running: Site) -> None:
    """A line longer than a frame may be is refused in the child, not in the worker."""
    job = running.failed(
        running.submit("large_log", {"max_attempts": 1}, size=300 * MIB), within=30
    )
    assert (job.attempt, job.crashes) == (1, 0)
    assert "expected a message below" in str(job.error)


def test_an_input_beyond_what_a_child_can_be_told_fails_its_job_alone(
    site: Site, tmp_path: Path
) -> None:
    """With the reason; the worker and whoever is claimed with it go on."""
    worker = site.worker(entry=("tests.worker.small_frames",))
    large = [site.submit(name, file="x" * 2**21) for name in ("until_file", "until_file_async")]
    beside = site.submit("noop_alone")
    for job in large:
        ended = site.failed(job)
        assert ended.attempt == 1
        assert str(ended.error).startswith(
            "its input cannot be handed over: expected a message below 1048576 bytes, got: "
        )
    assert site.completed(beside).interruptions == 0
    eventually(lambda: len(worker.children()) <= 1)  # the shared one stays


def test_an_operation_whose_module_cannot_be_imported_fails_with_the_reason(running: Site) -> None:
    """However long the reason is; the traceback is kept."""
    job = running.failed(running.submit("broken_import"))
    assert (job.attempt, job.crashes) == (3, 0)
    assert str(job.error).startswith(
        "the operation cannot be imported: no module named 'left_pad' and more"
    )
    assert len(str(job.error)) <= 2100
    assert "broken_import.py" in str(running.attempts(job)[0].traceback)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("exiting_import", "the operation cannot be imported: this module is a script"),
        ("missing_name", "the operation cannot be imported: module 'tests.worker.operations_under"),
    ],
)
def test_a_module_that_ends_the_program_or_lacks_the_name_is_a_failure_too(
    running: Site, name: str, sentence: str
) -> None:
    """It takes nobody down: a job beside it goes on."""
    sibling = running.submit("until_file", file=str(running.directory / name))
    running.until(sibling, lambda now: now.status is Status.RUNNING)
    job = running.failed(running.submit(name))
    assert (job.attempt, job.crashes) == (3, 0)
    assert str(job.error).startswith(sentence)
    (running.directory / f"{name}.go").touch()
    assert running.completed(sibling).interruptions == 0


def test_a_child_that_cannot_flush_its_output_harms_nobody(running: Site) -> None:
    """Its result counts, and the children beside it live."""
    sibling = running.submit("until_file", file=str(running.directory / "beside"))
    eventually((running.directory / "beside").exists)
    running.completed(running.submit("closes_stdout"))
    running.completed(running.submit("closes_stdout"))
    (running.directory / "beside.go").touch()
    assert running.completed(sibling).crashes == 0


def test_a_flood_of_reports_is_kept_whole(running: Site) -> None:
    """Slowed down, never dropped; in order; and the last progress is 100."""
    job = running.completed(running.submit("flood", size=3000), within=30)
    assert running.logged(job) == [f"line {n}" for n in range(3000)]
    assert [one.data["step"] for one in running.events(job, "metric")] == list(range(3000))
    numbers = [one.number for one in running.events(job)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_flood_from_an_async_operation_is_kept_whole(running: Site) -> None:
    """Its frames stay small, so that the worker never swallows too much at a time."""
    job = running.completed(running.submit("flood_async", size=3000), within=30)
    assert [one.data["step"] for one in running.events(job, "metric")] == list(range(3000))


def test_processes_an_operation_leaves_behind_are_killed(running: Site) -> None:
    """Once it has returned, nothing of its group lives on."""
    file = running.directory / "left"
    running.completed(running.submit("grandchildren_left", file=str(file)))
    eventually(lambda: not is_alive(int(file.read_text())))


def test_two_checkpoints_at_the_same_time_are_both_saved(running: Site) -> None:
    """An async operation may ask for them from two of its tasks."""
    job = running.completed(running.submit("two_at_once"))
    assert [one.data["number"] for one in running.events(job, "checkpoint")] == [1, 2]


def test_hundreds_of_short_jobs_end_side_by_side(running: Site, data_dir: Path) -> None:
    """Children come and go faster than the worker looks."""
    jobs = [running.submit("noop_alone") for _ in range(150)]
    jobs += [running.submit("noop") for _ in range(300)]
    for job in jobs:
        assert running.completed(job, within=30).interruptions == 0
