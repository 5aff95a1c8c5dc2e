"""What an attempt can come to, and what is written about it: pure decisions."""

from dataclasses import replace

import pytest

from headway.job import MOVES, Job, Status
from headway.retry import Backoff
from headway.verdict import (
    MAX_CRASHES,
    MAX_INTERRUPTIONS,
    Completed,
    Crashed,
    Failed,
    Publication,
    Stopped,
    Usage,
    decide,
    interrupted,
)

FIXED = Backoff(base=0, cap=0)
JOB = Job(
    seq=1, id="j", operation="resize", owner="ann", status=Status.RUNNING, priority=5,
    created_at=0.0, version=1, max_attempts=3,
)  # fmt: skip


def test_every_verdict_is_a_move_that_a_running_job_can_make() -> None:
    outcomes = (Completed(1), Failed("x"), Failed("x", retryable=False), Crashed("x"), Stopped("x"))
    for outcome in outcomes:
        for used_up in (0, 50):
            job = replace(
                JOB, attempt=used_up, crashes_in_a_row=used_up, interruptions_in_a_row=used_up
            )
            assert decide(outcome, job, FIXED).status in MOVES[Status.RUNNING]


def test_what_was_found_before_a_failure_is_the_result_of_a_job_that_failed_for_good() -> None:
    found = Failed("it broke", result={"rows": 3})
    assert decide(found, JOB, FIXED).result is None  # another attempt will find it
    assert decide(found, replace(JOB, attempt=2), FIXED).result == {"rows": 3}


def test_what_the_operation_returned_completes_the_job() -> None:
    made = Publication(id="p", kind="model", name="m", path="x", sha256="0", size=1, meta={})
    usage = Usage(peak_memory=5, cpu_seconds=0.5)
    verdict = decide(Completed({"n": 1}, [made]), JOB, FIXED, usage)
    assert (verdict.status, verdict.reason) == (Status.COMPLETED, "completed")
    assert (verdict.result, verdict.publications, verdict.usage) == ({"n": 1}, [made], usage)
    assert (verdict.error, verdict.delay) == (None, None)
    assert (verdict.failures, verdict.crashes, verdict.interruptions) == (0, 0, 0)


@pytest.mark.parametrize(
    ("failed_before", "status"), [(0, Status.PENDING), (1, Status.PENDING), (2, Status.FAILED)]
)
def test_an_error_is_tried_again_until_max_attempts(failed_before: int, status: Status) -> None:
    verdict = decide(
        Failed("it broke", traceback="..."), replace(JOB, attempt=failed_before), FIXED
    )
    assert (verdict.status, verdict.error, verdict.traceback) == (status, "it broke", "...")
    assert (verdict.failures, verdict.crashes, verdict.interruptions) == (1, 0, 0)
    assert (verdict.delay is None) == (status is Status.FAILED)  # no wait after the last


def test_an_error_that_cannot_be_retried_is_the_last() -> None:
    verdict = decide(Failed("no", retryable=False), JOB, FIXED)
    assert (verdict.status, verdict.delay) == (Status.FAILED, None)


def test_the_wait_grows_with_the_failures_of_the_job_itself() -> None:
    backoff = Backoff(base=1, cap=1000)
    job = replace(JOB, attempt=4, max_attempts=100, crashes=50, interruptions=50)
    delays = [decide(Failed("x"), job, backoff).delay or 0.0 for _ in range(200)]
    assert 8 < max(delays) <= 16


@pytest.mark.parametrize("before", range(MAX_CRASHES))
def test_crashes_in_a_row_are_bounded(before: int) -> None:
    verdict = decide(Crashed("killed"), replace(JOB, crashes_in_a_row=before, crashes=90), FIXED)
    last = before == MAX_CRASHES - 1
    assert verdict.status is (Status.FAILED if last else Status.PENDING)
    assert verdict.error == ("killed; given up after 3 crashes" if last else "killed")
    assert (verdict.reason, verdict.crashes, verdict.failures) == ("crashed", 1, 0)
    assert (verdict.delay is None) == last


@pytest.mark.parametrize("before", range(MAX_INTERRUPTIONS))
def test_interruptions_in_a_row_are_bounded_and_nobodys_fault(before: int) -> None:
    job = replace(JOB, interruptions_in_a_row=before, interruptions=90, max_attempts=1)
    verdict = decide(Stopped("a deploy"), job, FIXED)
    last = before == MAX_INTERRUPTIONS - 1
    assert verdict.status is (Status.FAILED if last else Status.PENDING)
    assert verdict.delay is None  # again at once
    assert (verdict.reason, verdict.interruptions, verdict.failures) == ("interrupted", 1, 0)
    assert verdict == interrupted(job, "a deploy")
    assert ("given up after 10 interruptions" in (verdict.error or "")) == last
