"""Exit codes that scripts can rely on. `docs/cli.md` lists them, and a test holds it to that."""

from enum import IntEnum


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
    Exit.NOT_ALLOWED: "not signed in, or it belongs to somebody else",
    Exit.NOT_FOUND: "there is no such job, or none any more",
    Exit.UNREACHABLE: "the service does not answer, or cannot right now",
    Exit.JOB_FAILED: "the job that was waited for has failed",
    Exit.JOB_CANCELLED: "the job that was waited for was cancelled",
    Exit.INTERRUPTED: "Ctrl-C; a job that was watched goes on",
}
