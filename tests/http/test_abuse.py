"""Bodies made to cost more than they weigh: refused before they do, with a small answer."""

import time

import pytest
from fastapi.testclient import TestClient

from headway.http.bodies import LARGEST_JSON
from headway.http.strict_json import MOST_VALUES, parse
from headway.mistakes import MOST
from tests.http.conftest import Headers

JOBS = "/api/v1/jobs"
JSON = {"Content-Type": "application/json"}


def keys(count: int) -> bytes:
    return b"{" + b",".join(b'"%d":0' % one for one in range(count)) + b"}"


HUGE = {
    "keys": keys(1_000_000),
    "numbers": b"[" + b"1," * 1_000_000 + b"1]",
    "lists": b"[" + b"[]," * 1_000_000 + b"1]",
    "objects": b"[" + b"{}," * 1_000_000 + b"1]",
    "strings": b"[" + b'"",' * 1_000_000 + b"1]",
    "strings of commas": b"[" + b'",",' * 1_000_000 + b"1]",
    "strings that end in backslashes": b"[" + rb'"\\",' * 1_000_000 + b"1]",
    "brackets": b"[" * 1_000_000,
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE.keys())
def test_too_many_values_are_refused_before_they_are_made(body: bytes) -> None:
    """A glance at the bytes tells: it takes a small part of the time that reading them would."""
    started = time.thread_time()
    with pytest.raises(ValueError, match=f"expected at most {MOST_VALUES} values"):
        parse(body)
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    "text",
    [
        rb'"' + rb"\"" * 2_000_000 + rb'"',
        b'"' + b",:[{" * 500_000 + b'"',
        rb'"' + rb"\\" * 999_999 + b'"',
    ],
    ids=["quotes", "marks", "backslashes"],
)
def test_a_long_text_is_one_value(text: bytes) -> None:
    """However much in it looks like the marks between values."""
    started = time.thread_time()
    assert isinstance(parse(b'{"text": ' + text + b', "note": ":"}'), dict)
    assert time.thread_time() - started < 1


FULL = {
    "numbers": b"1,",
    "strings of marks": b'",[{:",',
    "strings that end in backslashes": rb'",\\",',
    "strings of quotes and marks": rb'"\"\",\"",',
}


@pytest.mark.parametrize("value", FULL.values(), ids=FULL.keys())
def test_the_last_value_that_is_allowed_is_read_and_the_next_refused(value: bytes) -> None:
    """Whatever the values are: marks within them are none between them."""
    assert parse(b"[" + value * (MOST_VALUES - 1) + b"1 ]") is not None
    with pytest.raises(ValueError, match=f"expected at most {MOST_VALUES} values"):
        parse(b"[" + value * MOST_VALUES + b"1 ]")


def test_the_last_key_that_is_allowed_is_read_and_the_next_refused() -> None:
    """A key is no value, its value is one."""
    assert len(parse(keys(MOST_VALUES))) == MOST_VALUES
    with pytest.raises(ValueError, match=f"expected at most {MOST_VALUES} values"):
        parse(keys(MOST_VALUES + 1))


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("escaped", [rb"\"", rb"\\", rb"\\\""], ids=["quote", "backslash", "both"])
def test_a_text_is_one_value_wherever_an_escape_in_it_stands(escaped: bytes, before: int) -> None:
    """Bodies are looked at in stretches, and no end of one may tear an escape apart."""
    text = b"x" * before + escaped * (70_000 // len(escaped))
    commas = b"," * (2 * MOST_VALUES)
    assert parse(b'{"text": "' + text + b'", "commas": "' + commas + b'"}') is not None


@pytest.mark.parametrize("path", [JOBS, f"{JOBS}/bulk", f"{JOBS}/train-model", "/api/v1/predict"])
def test_unknown_fields_without_number_get_a_small_answer(
    client: TestClient, alice: Headers, path: str
) -> None:
    """What is wrong is counted, not listed, and no body is sent back."""
    answer = client.post(path, content=keys(100_000), headers=alice | JSON)
    assert answer.status_code == 422
    assert len(answer.content) < 4_096
    assert "too many to list" in answer.json()["detail"]


def test_many_mistakes_are_listed_up_to_a_hundred(client: TestClient, alice: Headers) -> None:
    answer = client.post(JOBS, content=keys(900), headers=alice | JSON)
    errors = answer.json()["errors"]
    assert len(errors) == MOST + 1
    assert errors[-1] == {"pointer": "", "detail": "and 801 mistakes more"}


def test_a_huge_key_is_not_sent_back(client: TestClient, alice: Headers) -> None:
    answer = client.post(JOBS, json={"x" * 1_000_000: 1}, headers=alice)
    assert answer.status_code == 422
    assert len(answer.content) < 4_096


def test_json_has_a_limit_of_its_own() -> None:
    """Reading it holds the interpreter, so that it may not be as large as a file."""
    assert LARGEST_JSON == 16 * 2**20
