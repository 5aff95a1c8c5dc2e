"""A line of the log is one event, whatever stands in it, and no secret stands in it."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from headway.events.doings import AttemptEnded, Doing, RequestAnswered
from headway.events.log import about, log_to, logged, masked, one_line

FORGED = "eve\r\n2026-01-01 INFO root: all is well\x1b[2K\u2028\u2029\x85{}"
SECRETS = {
    "bearer": "Authorization: Bearer abcdefgh.ijklmnop",
    "jwt": "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl here",
    "url": "postgresql://me:hunter2hunter2@db.example/jobs",
    "query": "/ws/jobs/1?ticket=abcdefghijkl&x=1",
    "field": "password=hunter2hunter2",
    "json": "secret_key: hunter2hunter2",
}


class Screen(io.StringIO):
    """A terminal, as far as a stream can tell."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The logging of the test session is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name in ("alembic", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def documents(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("stream", [io.StringIO, Screen], ids=["json", "terminal"])
def test_nobody_writes_a_line_of_his_own(stream: type[io.StringIO]) -> None:
    """Whatever the message, a field or what the line is about holds."""
    written = stream()
    log_to(written)
    with about(user=FORGED, request="r-1"):
        logging.getLogger("headway").warning("hello %s", FORGED, extra={"file": FORGED})
    text = written.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert all(c.isprintable() for c in text[:-1])


def test_a_line_says_what_it_is_about() -> None:
    """Request, user, job and attempt, while they are at hand, and what was given with it."""
    written = io.StringIO()
    log_to(written)
    log = logging.getLogger("headway")
    with about(request="r-1"), about(user="ann", job="j-1", attempt=2):
        log.info("inside", extra={"rows": 3})
    log.info("outside")
    inside, outside = documents(written)
    about_it = {"request": "r-1", "user": "ann", "job": "j-1", "attempt": 2, "rows": 3}
    assert about_it.items() <= inside.items()
    assert (inside["event"], inside["level"], inside["logger"]) == ("inside", "info", "headway")
    assert inside["time"].endswith("Z")
    assert not about_it.keys() & outside.keys()


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_what_looks_like_a_secret_is_masked(secret: str) -> None:
    """In a message, in a field and in a stack."""
    written = io.StringIO()
    log_to(written)
    log = logging.getLogger("headway")
    log.warning("got %s", secret, extra={"given": secret})
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("it broke")
    text = written.getvalue()
    for part in ("hunter2hunter2", "abcdefgh", "c2lnbmF0dXJl"):
        assert part not in text
    assert text.count("***") >= 3


def test_ordinary_words_stay() -> None:
    """Nothing is masked that is no secret."""
    for text in ("the token has expired", "basic training", "http://host:80/path", "a: b"):
        assert masked(text) == text
    assert one_line("Grüße, 世界") == "Grüße, 世界"


def test_a_stack_for_people_has_marked_lines() -> None:
    """Who reads by lines sees which belong to it; as JSON it is a field."""
    screen, written = Screen(), io.StringIO()
    for stream in (screen, written):
        log_to(stream)
        try:
            raise ValueError(FORGED)
        except ValueError:
            logging.getLogger("headway").exception("it broke")
    first, *stack = screen.getvalue().splitlines()
    assert "it broke" in first
    assert stack
    assert all(line.startswith("  | ") for line in stack)
    (document,) = documents(written)
    assert "ValueError" in document["exception"]


@pytest.mark.parametrize(
    ("doing", "level", "said"),
    [
        (RequestAnswered("GET", "/x", "/{id}", 200, 0.0123), "info", "GET /x 200"),
        (RequestAnswered("GET", "/x", "/{id}", 500, 0.0), "error", "GET /x 500"),
        (RequestAnswered("GET", "/x", "/{id}", 503, 0.0), "info", "GET /x 503"),
        (
            AttemptEnded("j", "train", "ann", 2, "failed", "pending", "no disk"),
            "info",
            "attempt failed, the job is pending: no disk",
        ),
    ],
)
def test_a_fact_is_a_line(doing: Doing, level: str, said: str) -> None:
    """With its fields beside the sentence."""
    written = io.StringIO()
    log_to(written)
    logged(doing)
    (document,) = documents(written)
    assert (document["level"], document["event"]) == (level, said)
    if isinstance(doing, RequestAnswered):
        assert document["route"] == "/{id}"
    else:
        assert (document["job"], document["user"], document["attempt"]) == ("j", "ann", 2)


def test_a_level_is_the_least_that_is_told() -> None:
    """Completed attempts are told on `debug` alone: there may be thousands a second."""
    done = AttemptEnded("j", "train", "ann", 1, "completed", "completed", None)
    for level, lines in (("warning", 0), ("info", 1), ("debug", 2)):
        written = io.StringIO()
        log_to(written, level)
        logged(RequestAnswered("GET", "/x", "/x", 200, 0.0))
        logged(done)
        assert len(documents(written)) == lines


def test_warnings_of_python_are_lines_too() -> None:
    """They would break into the JSON otherwise."""
    written = io.StringIO()
    log_to(written)
    logging.getLogger("py.warnings").warning("old\nnews")
    assert [one["logger"] for one in documents(written)] == ["py.warnings"]
    assert sys.stderr is not written
