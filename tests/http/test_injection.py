"""Text that would be code elsewhere is text here: in queries, names, cursors, cells and errors."""

import csv
import io

import pytest
from fastapi.testclient import TestClient

from headway.errors import StoreError
from headway.http.application import Application
from tests.http.conftest import Gate, Headers, Submit

JOBS = "/api/v1/jobs"
HOSTILE = [
    "' OR 1=1 --",
    '"; DROP TABLE jobs; --',
    "%",
    "_",
    "nothin_",
    "*",
    "(a+)+$",
    "\\",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "\u202etxt",
    "a\u2028b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_filters_compare_and_do_nothing_else(
    client: TestClient, alice: Headers, submit: Submit, text: str
) -> None:
    """No wildcard, no pattern, no statement: a job type that does not exist has no jobs."""
    submit()
    for path in (JOBS, "/api/v1/datasets", "/api/v1/models"):
        field = "job_type" if path == JOBS else "name"
        answer = client.get(path, params={field: text}, headers=alice)
        assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("text", [*HOSTILE, "\0", "x" * 300, "../../etc/passwd", "a/b", "C:\\x"])
def test_references_and_ids_are_looked_up_and_no_more(
    client: TestClient, alice: Headers, text: str
) -> None:
    """In paths and in bodies; what is not known is not found."""
    for place in (f"{JOBS}/", "/api/v1/datasets/", "/api/v1/models/", "/api/v1/files/"):
        url = place + "".join(f"%{byte:02x}" for byte in text.encode())
        assert client.get(url, headers=alice).status_code in (404, 422)
    body = {"text": "hello", "model": text}
    assert client.post("/api/v1/predict", json=body, headers=alice).status_code in (400, 422)


def test_a_cursor_that_was_changed_is_no_cursor(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """Not one character of it can be another."""
    for _ in range(3):
        submit()
    answer = client.get(f"{JOBS}?limit=1", headers=alice)
    cursor = answer.headers["link"].partition("cursor=")[2].partition(">")[0]
    for at in range(len(cursor)):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "Q") + cursor[at + 1 :]
        # The last character has bits that stand for nothing.
        expected = (200, 422) if at == len(cursor) - 1 else (422,)
        assert client.get(f"{JOBS}?cursor={changed}", headers=alice).status_code in expected


UPLOADS = [
    "../../../etc/cron.d/x",
    "/etc/passwd",
    "..\\..\\windows\\system32\\x",
    "C:\\CON",
    "CON",
    "a\0b.csv",
    "x" * 4_000 + ".csv",
    "\u202evsc.exe",
    "a\r\nSet-Cookie: x=1",
    '"; filename="b',
    ".",
    "..",
    "",
]


@pytest.mark.parametrize("name", UPLOADS)
def test_a_file_s_name_is_shown_and_never_opened(
    app: Application, client: TestClient, alice: Headers, name: str
) -> None:
    """It is stored under its hash; the name that is kept is one part of a path, without controls."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    body = (
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
        "text,label\na,b\n\r\n--x--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/api/v1/files", content=body.encode(), headers=alice | kind)
    if answer.status_code in (400, 422):
        return  # a NUL or a line end in a header
    assert answer.status_code == 201
    kept = answer.json()["name"]
    assert 1 <= len(kept) <= 200
    assert "/" not in kept
    assert kept.isprintable()
    root = app.parts.open().service.files.root
    assert not [path for path in root.rglob("*") if "passwd" in path.name or "cron" in str(path)]
    client.delete(answer.json()["url"], headers=alice)


FORMULAS = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    '"=1',
    "\uff1d1",
    "=cmd|'/c calc'!A0",
]


def test_no_cell_of_a_download_is_a_formula(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """Text that begins as one has an apostrophe in front; numbers stay numbers."""
    rows = [{"text": text, "=name": text, "number": -7.5} for text in FORMULAS]
    url = f"{JOBS}/{submit('echo', input={'rows': rows})}"
    client.get(url, headers=alice | {"Prefer": "wait=30"})
    text = client.get(f"{url}/results.csv", headers=alice).text
    header, *lines = csv.reader(io.StringIO(text))
    assert "'=name" in header
    for line in lines:
        found = dict(zip(header, line, strict=True))
        assert found["text"].startswith("'")
        assert found["number"] == "-7.5"


LAYERS = ["find", "get", "cancel", "accept", "estimates", "depth"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("error", [RuntimeError, StoreError, OSError, KeyError, UnicodeError])
def test_a_defect_in_any_layer_tells_nothing_but_its_request(
    app: Application,
    quiet_client: TestClient,
    alice: Headers,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    layer: str,
    error: type[Exception],
) -> None:
    """No path, no statement, no stack."""
    job_id = submit()
    secret = "/secret/place SELECT password FROM users"

    def broken(*_: object, **__: object) -> None:
        raise error(secret)

    parts = app.parts.open()
    queue = parts.queue
    asks = {"depth": queue.oversight, "estimates": queue.following}
    monkeypatch.setattr(asks.get(layer, queue), layer, broken)
    if layer == "accept":
        monkeypatch.setattr(parts.intake, "_commit", broken)
    asked = {
        "find": ("GET", JOBS),
        "estimates": ("GET", JOBS),
        "get": ("GET", f"{JOBS}/{job_id}"),
        "cancel": ("DELETE", f"{JOBS}/{job_id}"),
        "accept": ("POST", JOBS),
        "depth": ("GET", "/api/v1/queue"),
    }
    method, path = asked[layer]
    body = {"job_type": "nothing"} if method == "POST" else None
    answer = quiet_client.request(method, path, json=body, headers=alice)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    for word in ("secret", "SELECT", "Traceback", "headway/"):
        assert word not in answer.text


def test_results_that_were_changed_on_disk_are_not_tried_again(
    app: Application, client: TestClient, alice: Headers, submit: Submit, gate: Gate
) -> None:
    """What another put there would be published anew, as if it were ours."""
    url = f"{JOBS}/{submit('moody', input=gate.input(2))}"
    client.get(url, headers=alice | {"Prefer": "wait=30"})
    parts = app.parts.open()
    (part,) = parts.queue.parts(url.rpartition("/")[2], "alice")
    path = parts.service.files.path(part.path)
    path.write_bytes(path.read_bytes().replace(b"fine", b"evil"))
    client.post(f"{url}/retry?items=failed", headers=alice)
    job = client.get(url, headers=alice | {"Prefer": "wait=30"}).json()
    assert job["status"] == "failed"
    assert "to have the hash" in job["error"]


@pytest.mark.parametrize("changed", [b"no!", b"no way"], ids=["of_the_same_size", "longer"])
def test_results_that_were_changed_on_disk_are_not_shown(
    app: Application, client: TestClient, alice: Headers, submit: Submit, changed: bytes
) -> None:
    """A part that is not what was published is told as broken, in pages and in downloads."""
    url = f"{JOBS}/{submit('echo', input={'rows': [{'answer': 'yes'}]})}"
    client.get(url, headers=alice | {"Prefer": "wait=30"})
    assert client.get(f"{url}/results", headers=alice).json()["items"][0]["answer"] == "yes"
    parts = app.parts.open()
    (part,) = parts.queue.parts(url.rpartition("/")[2], "alice")
    path = parts.service.files.path(part.path)
    path.write_bytes(path.read_bytes().replace(b"yes", changed))
    for end in ("/results", "/results.csv", "/results.jsonl"):
        answer = client.get(url + end, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (500, "corrupt_artifact")
        assert changed.decode() not in answer.text
        assert str(path) not in answer.text
