"""What an attempt's end is taken for, with what it saved on the way in mind."""

import selectors
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from typing import Any

import pytest
from pydantic import BaseModel

from headway.job import Job, Status
from headway.operation import Operation
from headway.store.values.attempts import Claim
from headway.verdict import MAX_CRASHES, MAX_INTERRUPTIONS
from headway.worker.attempt import Attempt, Ending
from headway.worker.pool import Pool
from headway.worker.process import Child, Exit
from headway.worker.protocol import CHECKPOINT, LOG
from headway.worker.record import Pending

NO_CHILD: Any = None
"""These tests never reach for it."""


def attempt() -> Attempt:
    """One more crash, or one more interruption, and its job is given up."""
    job = Job(
        seq=1, id="j", operation="train", owner="ann", status=Status.RUNNING, priority=5,
        created_at=0.0, version=1, crashes_in_a_row=MAX_CRASHES - 1,
        interruptions_in_a_row=MAX_INTERRUPTIONS - 1,
    )  # fmt: skip
    operation = Operation(name="train", function="a:b", input=BaseModel, stall_timeout=5)
    claim = Claim(job=job, token=3, input=b"{}", uses={})
    return Attempt(claim, operation, NO_CHILD, shared=False, ref="1:3")


@pytest.mark.parametrize("by_itself", [True, False], ids=["crashed", "interrupted"])
@pytest.mark.parametrize("advanced", [True, False])
def test_an_attempt_that_moved_on_is_not_the_last_in_a_row(by_itself: bool, advanced: bool) -> None:
    """The claim tells of the row as it was at the start; a checkpoint saved since ends it."""
    one = attempt()
    if advanced:
        saved = {"number": 1, "state": {"row": 10}, "parts": [], "items": 0}
        one.take([CHECKPOINT, one.ref, saved], Pending())
    verdict = one.gone(Exit("killed", by_itself=by_itself), siblings=0)
    assert verdict is not None
    assert verdict.status is (Status.PENDING if advanced else Status.FAILED)


def test_an_attempt_that_waits_for_its_checkpoint_cannot_stall() -> None:
    """It is silent because we are."""
    one = attempt()
    assert one.next_duty() is None
    began = time.monotonic()
    one.take([LOG, one.ref, "info", "hello"], Pending())
    heard = time.monotonic()
    due = one.next_duty()
    assert due is not None
    assert began + 5 <= due <= heard + 5
    one.take([CHECKPOINT, one.ref, {"number": 1, "state": {}, "parts": [], "items": 0}], Pending())
    assert one.next_duty() is None


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "its own"])
def test_a_child_that_others_share_is_not_killed_for_what_was_not_read(shared: bool) -> None:
    """A worker that its store has kept waiting reads first what it was answered meanwhile."""
    ours, theirs = socket.socketpair()
    with (
        closing(selectors.DefaultSelector()) as selector,
        closing(Child(Pool(selector, [], (), print, print), ours)) as child,
        theirs,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process,
    ):
        child.pid = process.pid
        one = attempt()
        one.child, one.shared = child, shared
        one.end(Ending.LOST)
        asked = one.next_duty()
        assert asked is not None
        one.enforce(asked + 60, listened=asked - 0.1)
        assert (one.next_duty() == asked) is shared
        one.enforce(asked + 60, listened=asked + 0.1)
        assert one.next_duty() is None
        assert process.wait(30) in {-signal.SIGKILL, -signal.SIGTERM}
