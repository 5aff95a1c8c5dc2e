"""Request bodies: what is not strictly JSON, or not what was asked for, is a 4xx and never a 500."""

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from headway.http.strict_json import parse
from tests.http.conftest import Headers

JOBS = "/api/v1/jobs"
PATHS = [JOBS, f"{JOBS}/batch-predict", f"{JOBS}/train-model", f"{JOBS}/bulk", "/api/v1/predict"]

NOT_JSON = {
    "nothing but space": b" ",
    "words": b"hello",
    "cut": b'{"job_type": "nothing"',
    "nan": b'{"job_type": "nothing", "timeout": NaN}',
    "infinity": b'{"job_type": "nothing", "timeout": Infinity}',
    "huge float": b'{"job_type": "nothing", "timeout": 1e999}',
    "5,000 digits": b'{"job_type": "nothing", "timeout": ' + b"7" * 5000 + b"}",
    "duplicate keys": b'{"job_type": "nothing", "job_type": "fail"}',
    "duplicate keys deep down": b'{"job_type": "nothing", "input": {"a": [{"b:": ":", "b:": 1}]}}',
    "2,000 lists": b"[" * 2000 + b"]" * 2000,
    "2,000 objects": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "101 lists": b"[" * 102 + b"]" * 102,
    "lone surrogate": rb'{"job_type": "nothing", "input": {"note": "\ud800"}}',
    "reversed pair": rb'{"job_type": "nothing", "input": {"note": "\udc00\ud800"}}',
    "nul": rb'{"job_type": "nothing", "input": {"note": "a\u0000b"}}',
    "nul in a key": rb'{"job_type": "nothing", "input": {"\u0000": 1}}',
    "raw nul": b'{"job_type": "nothing\0"}',
    "bom": b'\xef\xbb\xbf{"job_type": "nothing"}',
    "latin-1": '{"job_type": "nöthing"}'.encode("latin-1"),
    "utf-16": '{"job_type": "nothing"}'.encode("utf-16"),
    "two values": b'{"job_type": "nothing"} {}',
    "comment": b'{"job_type": "nothing"} // yes',
    "trailing comma": b'{"job_type": "nothing",}',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_strict_json_is_400(
    client: TestClient, alice: Headers, path: str, body: bytes
) -> None:
    """Whatever two readers could understand differently is refused."""
    answer = client.post(path, content=body, headers=alice | {"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"
    assert isinstance(answer.json()["detail"], str)


BODILESS = [
    ("POST", "/api/v1/tickets"),
    ("POST", "/api/v1/logout"),
    ("POST", f"{JOBS}/x/cancel"),
    ("POST", f"{JOBS}/x/retry"),
    ("DELETE", f"{JOBS}/x"),
    ("DELETE", "/api/v1/files/x"),
]
NOTHING_BUT = {
    "an unknown field": b'{"foo": 1}',
    "a list": b"[]",
    "no JSON": b"foo=1",
    "text": b'""',
}


@pytest.mark.parametrize(("method", "path"), BODILESS)
def test_where_nothing_is_asked_for_nothing_is_taken(
    client: TestClient, alice: Headers, method: str, path: str
) -> None:
    """A body must be empty, or an empty object; more than a little is not read, nor a stranger's."""
    for body in NOTHING_BUT.values():
        answer = client.request(method, path, content=body, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        answer = client.request(method, path, content=iter([body]), headers=alice)
        assert answer.status_code == 422
        assert client.request(method, path, content=body).status_code == 401
    answer = client.request(method, path, content=b'{"a/b": 1}', headers=alice)
    assert answer.json()["errors"][0]["pointer"] == "/a~1b"
    huge = client.request(method, path, content=iter([b" " * 60_000] * 2), headers=alice)
    assert (huge.status_code, huge.json()["limit"]) == (413, 65_536)
    assert huge.headers["connection"] == "close"


@pytest.mark.parametrize("body", [b"", b"{}", b" {} "])
def test_an_empty_body_is_none(client: TestClient, alice: Headers, body: bytes) -> None:
    """Many clients send one with every POST."""
    assert client.post("/api/v1/tickets", content=body, headers=alice).status_code == 201


@pytest.mark.parametrize("kind", [{}, {"Content-Type": "application/json"}], ids=["bare", "json"])
def test_no_body_is_422(client: TestClient, alice: Headers, kind: dict[str, str]) -> None:
    """Where a body is needed, its absence is said."""
    answer = client.post(JOBS, headers=alice | kind)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "expected a JSON body, got none"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b:c", "d": "\\\\\\"e\\":"}',
        '{"\\\\u0000": "\\\\u0000"}',
        '"\\ud83d\\ude00"',
        '{"a": {"a": {"a": ":"}}}',
        "[" * 100 + "]" * 100,
        "18446744073709551615",
    ],
)
def test_unusual_json_is_still_json(text: str) -> None:
    """Colons and escapes in strings are no reason to refuse."""
    parse(text.encode())


def test_a_million_keys_are_read_in_a_blink() -> None:
    """No body makes the parser do more than look at it once."""
    body = b"{" + b",".join(b'"%d":0' % i for i in range(200_000)) + b"}"
    started = time.thread_time()
    parse(body)
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json; version=1; charset=utf-16",
    ],
)
def test_another_media_type_is_415(client: TestClient, alice: Headers, kind: str) -> None:
    """A browser's simple form cannot pass for JSON."""
    body = b'{"job_type": "nothing"}'
    answer = client.post(JOBS, content=body, headers=alice | {"Content-Type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        'Application/JSON; charset="UTF-8"',
        "application/x+json",
        "application/json; charset=utf-8; version=1",
        'application/json; version="a;b"; charset=utf-8',
        "application/json;",
        "application/json; charset=utf-8;",
    ],
)
def test_json_by_any_of_its_names_is_read(client: TestClient, alice: Headers, kind: str) -> None:
    """Case, quotes and `+json` make no difference."""
    body = b'{"job_type": "nothing"}'
    answer = client.post(JOBS, content=body, headers=alice | {"Content-Type": kind})
    assert answer.status_code == 202


def test_a_compressed_body_is_415(client: TestClient, alice: Headers) -> None:
    """What it unpacks to could have any size."""
    headers = alice | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert client.post(JOBS, content=b"\x1f\x8b", headers=headers).status_code == 415


def pieces(size: int) -> Iterator[bytes]:
    yield b'{"job_type": "nothing", "input": {"note": "'
    for _ in range(size // 1024):
        yield b"x" * 1024
    yield b'"}}'


def test_a_large_body_is_413_with_and_without_its_length(
    client: TestClient, alice: Headers
) -> None:
    """The limit counts what comes, not what was announced, and the answer says how much it is."""
    headers = alice | {"Content-Type": "application/json"}
    whole = b"".join(pieces(3 << 20))
    for body in (whole, pieces(3 << 20)):
        answer = client.post(JOBS, content=body, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["limit"] == 2 << 20


def test_a_body_below_the_limit_passes_in_pieces(client: TestClient, alice: Headers) -> None:
    """A chunked body of a megabyte is fine."""
    headers = alice | {"Content-Type": "application/json"}
    assert client.post(JOBS, content=pieces(1 << 20), headers=headers).status_code == 202


def test_a_stranger_s_body_is_not_read(client: TestClient) -> None:
    """Who has no token hears 401, however large or wrong the body is."""
    answer = client.post(JOBS, content=pieces(3 << 20))
    assert answer.status_code == 401


WRONG = {
    "unknown field": ({"job_type": "nothing", "status": "completed"}, "/status"),
    "owner": ({"job_type": "nothing", "owner_id": "bob"}, "/owner_id"),
    "no type": ({}, "/job_type"),
    "type of type": ({"job_type": 7}, "/job_type"),
    "unknown type": ({"job_type": "dance"}, "/job_type"),
    "input": ({"job_type": "nothing", "input": []}, "/input"),
    "input's field": ({"job_type": "nothing", "input": {"note": 7}}, "/input/note"),
    "input's unknown field": ({"job_type": "nothing", "input": {"x": 1}}, "/input/x"),
    "priority": ({"job_type": "nothing", "priority": 10}, "/priority"),
    "priority's word": ({"job_type": "nothing", "priority": "soon"}, "/priority"),
    "priority as text": ({"job_type": "nothing", "priority": "5"}, "/priority"),
    "priority as truth": ({"job_type": "nothing", "priority": True}, "/priority"),
    "run_at": ({"job_type": "nothing", "run_at": "tomorrow"}, "/run_at"),
    "run_at's zone": ({"job_type": "nothing", "run_at": "2030-01-01T00:00:00"}, "/run_at"),
    "timeout": ({"job_type": "nothing", "timeout": 0}, "/timeout"),
    "max_attempts": ({"job_type": "nothing", "max_attempts": 0}, "/max_attempts"),
    "metadata": ({"job_type": "nothing", "metadata": {"x": "y" * 20_000}}, "/metadata"),
}


@pytest.mark.parametrize(("body", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_422_and_pointed_to(
    client: TestClient, alice: Headers, body: dict[str, object], pointer: str
) -> None:
    """A JSON pointer leads to each mistake, and the job is not made."""
    answer = client.post(JOBS, json=body, headers=alice)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("body", [7, "text", [1], True])
@pytest.mark.parametrize("path", [JOBS, f"{JOBS}/train-model", f"{JOBS}/bulk", "/api/v1/predict"])
def test_what_is_no_object_is_422(
    client: TestClient, alice: Headers, path: str, body: object
) -> None:
    """JSON of another shape is refused with a sentence."""
    assert client.post(path, json=body, headers=alice).status_code == 422
