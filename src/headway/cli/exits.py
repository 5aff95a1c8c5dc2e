"""Exit codes that scripts can rely on. `docs/cli.md` lists them, and a test holds it to that."""

from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_ALLOWED = 3
    NOT_FOUND = 4
    UNREACHABLE = 5
    JOB_FAILED = 10
    JOB_CANCELLED = 11
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "refused, failed, or something is wrong; the sentence is on standard error",
    Exit.USAGE: "the command line cannot be understood",
    Exit.NOT_ALLOWED: "not signed in, not allowed, or it belongs to somebody else",
    Exit.NOT_FOUND: "there is no such job, user or key, or none any more",
    Exit.UNREACHABLE: "the service, or its database, does not answer, or cannot right now",
    Exit.JOB_FAILED: "the job that was waited for has failed",
    Exit.JOB_CANCELLED: "the job that was waited for was cancelled",
    Exit.INTERRUPTED: "Ctrl-C; a job that was watched goes on",
}

EXITS: Final = {
    "Unauthorized": Exit.NOT_ALLOWED,
    "NotAuthorized": Exit.NOT_ALLOWED,
    "NotFound": Exit.NOT_FOUND,
    "StoreUnavailable": Exit.UNREACHABLE,
    "Unreachable": Exit.UNREACHABLE,
    "Unavailable": Exit.UNREACHABLE,
    "CircuitOpen": Exit.UNREACHABLE,
    "NotReady": Exit.UNREACHABLE,
    "JobFailed": Exit.JOB_FAILED,
    "JobCancelled": Exit.JOB_CANCELLED,
}
"""What errors end a command with, those of the service and those of the client alike. By name: to
import the client would make `headway --help` wait for it."""


def exit_of(error: Exception) -> Exit:
    """The code that tells of this error: of its own class, or of the nearest it is a kind of."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next((EXITS[name] for name in names if name in EXITS), Exit.FAILED)
