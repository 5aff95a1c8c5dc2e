"""CSV imports: three ways in, and a vocabulary of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from fastapi.testclient import TestClient

from headway.artifacts import ArtifactFiles
from headway.events import MetricRecorded
from headway.http.app import create_app
from headway.http.application import Application
from headway.settings import Settings
from headway.store.values.attempts import Part
from tests.contract.acts import checkpoint, claims, join, report
from tests.http.conftest import Gate, Headers, Submit, sign_in

CSV = b"text,label\nhello there,greeting\ngood bye,farewell\n"


@pytest.fixture
def done(app: Application, client: TestClient) -> Callable[..., dict[str, Any]]:
    """Wait for the end of an import, whoever it belongs to."""

    def done(task_id: str, headers: Headers | None = None) -> dict[str, Any]:
        wait = {"Prefer": "wait=30"} | (headers or {})
        found: dict[str, Any] = client.get(f"/imports/{task_id}", headers=wait).json()
        assert found["status"] not in ("queued", "running")
        return found

    return done


Done = Callable[..., dict[str, Any]]


def started(answer: Any) -> str:
    assert answer.status_code == 202, answer.text
    task_id = answer.json()["task_id"]
    assert answer.json() == {"task_id": task_id, "status": "queued"}
    assert answer.headers["location"] == f"/imports/{task_id}"
    assert answer.headers["retry-after"] == "1"
    return str(task_id)


def test_no_body_imports_the_bundled_sample(client: TestClient, done: Done) -> None:
    """Without a token, in development mode."""
    found = done(started(client.post("/imports")))
    assert found["status"] == "complete"
    assert found["progress"] == 100
    assert (found["counts"]["rows"], found["counts"]["row_errors"]) == (3000, 0)
    assert found["row_errors"] == []
    assert found["summary"]["name"] == "sample"


WAYS: dict[str, dict[str, Any]] = {
    "form": {"files": {"file": ("my tickets.csv", CSV, "text/csv")}},
    "raw": {"content": CSV, "headers": {"Content-Type": "text/csv"}},
    "raw with charset": {"content": CSV, "headers": {"Content-Type": "text/csv; charset=utf-8"}},
}


@pytest.mark.parametrize("sent", WAYS.values(), ids=WAYS.keys())
def test_a_csv_is_a_form_field_or_the_body(
    client: TestClient, done: Done, sent: dict[str, Any]
) -> None:
    """Both become a data set."""
    found = done(started(client.post("/imports", **sent)))
    assert found["status"] == "complete"
    assert (found["counts"]["rows"], found["counts"]["row_errors"]) == (2, 0)
    assert [one["name"] for one in found["summary"]["columns"]] == ["text", "label"]


def test_options_are_query_parameters(client: TestClient, done: Done) -> None:
    """Those of the operation's input; another is refused and pointed to."""
    raw = {"Content-Type": "text/csv"}
    url = "/imports?delimiter=;&name=semicolons"
    found = done(started(client.post(url, content=b"text;label\na;b\n", headers=raw)))
    assert found["summary"]["name"] == "semicolons"
    url = "/imports?columns=said&columns=kind&types=kind:integer&max_errors=0.5&has_header=false"
    found = done(started(client.post(url, content=b"a,1\nb,2\nc,x\n", headers=raw)))
    assert [one["name"] for one in found["summary"]["columns"]] == ["said", "kind"]
    assert found["row_errors"][0]["reason"] == "expected integer in the column 'kind', got: 'x'"
    wrong = client.post("/imports?colour=blue", content=CSV, headers=raw)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/colour"


def test_bad_rows_are_told_one_by_one(client: TestClient, done: Done) -> None:
    """With where they are and what is wrong."""
    body = b"text,label\na,b\ntoo,many,fields\nc,d\n"
    found = done(started(client.post("/imports", files={"file": ("x.csv", body)})))
    counts = found["counts"]
    assert (counts["rows"], counts["row_errors"], counts["blank"], counts["records"]) == (
        2,
        1,
        0,
        3,
    )
    assert found["row_errors"] == [
        {"line": 3, "reason": "expected 2 fields, got 3", "text": "too,many,fields"}
    ]


def test_equal_content_gives_the_same_version(
    client: TestClient, alice: Headers, done: Done
) -> None:
    """Each import is a task of its own; written another way, the rows are the same data set."""
    ways = (
        CSV,
        CSV.replace(b",", b";"),
        b'{"text":"hello there","label":"greeting"}\n{"text":"good bye","label":"farewell"}\n',
    )
    tasks = [
        started(client.post("/imports?name=same", files={"file": ("same.csv", one)}, headers=alice))
        for one in ways
    ]
    found = [done(task, alice)["summary"] for task in tasks]
    assert len(set(tasks)) == 3
    assert len({one["dataset_id"] for one in found}) == 1
    assert len({one["sha256"] for one in found}) == 1


def test_an_import_that_fails_says_why(client: TestClient, done: Done) -> None:
    """As a sentence."""
    found = done(started(client.post("/imports", files={"file": ("x.csv", b"text,label\n")})))
    assert found["status"] == "failed"
    assert "expected" in found["error"]


def test_an_import_that_fails_tells_what_it_found(client: TestClient, done: Done) -> None:
    """Counts, summary and row errors, as one that completes."""
    body = b"a,b,c\n" + b"1,2,3\n" * 60 + b"1,2\n" * 40
    found = done(started(client.post("/imports", files={"file": ("x.csv", body)})))
    assert found["status"] == "failed"
    counts = found["counts"]
    assert (counts["rows"], counts["row_errors"], counts["records"]) == (60, 40, 100)
    assert len(found["row_errors"]) == 40
    assert found["row_errors"][0] == {
        "line": 62,
        "reason": "expected 3 fields, got 2",
        "text": "1,2",
    }
    assert found["summary"]["detected"]["delimiter"] == ","


def test_an_import_under_way_tells_what_it_has_found(data_dir: Path) -> None:
    """The counts it told last, and the row errors up to its checkpoint; also once it is cancelled."""
    app = create_app(Settings(data_dir=data_dir, embedded_worker=False))
    client = TestClient(app)
    alice = sign_in(client, "alice", "secret123")
    url = f"/imports/{started(client.post('/imports', headers=alice))}"
    assert "counts" not in client.get(url, headers=alice).json()
    service = app.parts.open().service
    (held,) = claims(service.store, join(service.store), 1, "import_csv")
    counts = {"rows": 9, "row_errors": 1, "blank": 0, "records": 10, "repaired": 0}
    report(service.store, held, facts=[MetricRecorded(10, counts)])
    told = client.get(url, headers=alice).json()
    assert (told["status"], told["counts"]) == ("running", counts)
    assert "row_errors" not in told
    row = {"line": 7, "error": "expected 2 fields, got 1", "text": "x"}
    report(service.store, held, parts=[published(service.files, row)], checkpoint=checkpoint(1))
    shown = [{"line": 7, "reason": "expected 2 fields, got 1", "text": "x"}]
    assert client.get(url, headers=alice).json()["row_errors"] == shown
    client.delete(f"/api/v1/jobs/{held.job.id}", headers=alice)
    told = client.get(url, headers=alice).json()
    assert (told["status"], told["counts"], told["row_errors"]) == ("cancelled", counts, shown)
    app.parts.close()


def published(files: ArtifactFiles, row: dict[str, Any]) -> Part:
    """A part file with this one failed item."""
    data = orjson.dumps(row) + b"\n"
    path = files.root / "part.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    digest = sha256(data).hexdigest()
    return Part(first=0, count=1, failed=1, path=path.name, size=len(data), sha256=digest)


def test_an_id_that_was_never_issued_is_unknown(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """That is an answer, not an error; other jobs are no imports."""
    assert client.get("/imports/x").json() == {"task_id": "x", "status": "unknown"}
    job_id = submit()
    answer = client.get(f"/imports/{job_id}", headers=alice)
    assert (answer.status_code, answer.json()["status"]) == (200, "unknown")


def test_an_import_belongs_to_whoever_sent_it(
    client: TestClient, alice: Headers, bob: Headers, done: Done
) -> None:
    """With a token it is that user's: a job of his, and nobody else's to see."""
    task_id = started(client.post("/imports", headers=alice))
    assert client.get(f"/imports/{task_id}", headers=bob).status_code == 403
    assert client.get(f"/imports/{task_id}").status_code == 401
    assert done(task_id, alice)["status"] == "complete"
    job = client.get(f"/api/v1/jobs/{task_id}", headers=alice).json()
    assert (job["job_type"], job["user_id"]) == ("import_csv", "alice")


def test_anonymous_imports_are_seen_by_all(client: TestClient, bob: Headers) -> None:
    """Nobody owns them, in development mode."""
    task_id = started(client.post("/imports"))
    assert client.get(f"/imports/{task_id}", headers=bob).status_code == 200
    assert client.get(f"/api/v1/jobs/{task_id}", headers=bob).status_code == 403


def test_a_bad_token_is_no_missing_token(client: TestClient) -> None:
    """Who shows one must show a good one."""
    headers = {"Authorization": "Bearer x.y.z"}
    assert client.post("/imports", headers=headers).status_code == 401
    assert client.get("/imports/x", headers=headers).status_code == 401


def test_a_page_of_another_site_cannot_import(client: TestClient) -> None:
    """A form posted from elsewhere would need no token otherwise."""
    assert client.post("/imports", headers={"Origin": "https://evil.example"}).status_code == 403
    started(client.post("/imports", headers={"Origin": "http://testserver"}))


def test_every_import_without_a_key_is_a_task_of_its_own(
    client: TestClient, alice: Headers, done: Done
) -> None:
    """Equal content, at the same time: as many tasks, and all of them complete."""

    def one(_: int) -> str:
        return started(client.post("/imports", files={"file": ("a.csv", CSV)}, headers=alice))

    with ThreadPoolExecutor(4) as threads:
        tasks = set(threads.map(one, range(8)))
    assert len(tasks) == 8
    assert {done(task, alice)["status"] for task in tasks} == {"complete"}


def test_a_key_makes_an_import_repeatable(client: TestClient) -> None:
    """The same file under the same key is the same task; another file is refused."""
    key = {"Idempotency-Key": uuid4().hex}
    first = client.post("/imports", files={"file": ("a.csv", CSV)}, headers=key)
    again = client.post("/imports", files={"file": ("a.csv", CSV)}, headers=key)
    assert started(first) == started(again)
    assert again.headers["idempotent-replayed"] == "true"
    other = client.post("/imports", files={"file": ("a.csv", CSV + b"x,y\n")}, headers=key)
    assert other.status_code == 422


REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "json": ({"json": {"file": "x"}}, 415),
    "form without file": ({"files": {"other": ("x", b"y")}}, 422),
    "file and more": ({"files": {"file": ("x", CSV), "delimiter": (None, ";")}}, 422),
    "two files": ({"files": [("file", ("x", CSV)), ("file", ("y", CSV))]}, 422),
    "empty file": ({"files": {"file": ("x.csv", b"")}}, 422),
    "empty body": ({"headers": {"Content-Type": "text/csv"}}, 422),
    "urlencoded": ({"data": {"file": "x"}}, 415),
    "no boundary": ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    "cut": (
        {
            "content": b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\na,b\r\n',
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
        400,
    ),
    "endless headers": (
        {
            "content": b"--b\r\n" + b"X-Header: y\r\n" * 10_000,
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
        400,
    ),
    "empty form": (
        {"content": b"--b--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        422,
    ),
    "too large": ({"files": {"file": ("x.csv", b"a,b\n" * (1 << 20))}}, 413),
    "compressed": (
        {"content": CSV, "headers": {"Content-Type": "text/csv", "Content-Encoding": "gzip"}},
        415,
    ),
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_csv_upload_is_refused(
    app: Application, client: TestClient, sent: dict[str, Any], status: int
) -> None:
    """With a problem, and nothing of it stays on the disk."""
    answer = client.post("/imports", **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(incoming(app).glob("*")) == []


def incoming(app: Application) -> Path:
    root = app.parts.open().service.files.root
    return root / "incoming"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "C:\\x\\y.csv", "a\x00b.csv", "x" * 5000, "", "\u202e.csv"],
)
def test_a_file_s_name_is_shown_and_never_opened(
    app: Application, client: TestClient, done: Done, name: str
) -> None:
    """Whatever it is, the file lies under the hash of its content."""
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode()
    body += b'"\r\n\r\n' + CSV + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/imports", content=body, headers=headers)
    if answer.status_code != 400:  # a NUL is no header at all
        assert done(started(answer))["status"] == "complete"
    root = incoming(app).parent
    assert all(path.is_relative_to(root) for path in root.rglob("*passwd*"))
    assert list(root.rglob("*passwd*")) == []


def test_an_import_can_be_cancelled_as_the_job_it_is(
    client: TestClient, alice: Headers, gate: Gate
) -> None:
    """And then says so in its own words."""
    task_id = started(client.post("/imports", headers=alice))
    if client.delete(f"/api/v1/jobs/{task_id}", headers=alice).status_code == 200:
        found = client.get(f"/imports/{task_id}", headers=alice).json()
        assert found["status"] == "cancelled"
