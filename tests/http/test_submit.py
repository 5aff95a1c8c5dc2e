"""The ways in: named routes, the generic one, many at once; keys and preferences."""

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from tests.http.conftest import Gate, Headers, Submit

JOBS = "/api/v1/jobs"
Finished = Callable[[str], dict[str, Any]]


def accepted(answer: Any, message: str, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    job_id = answer.json()["job_id"]
    assert answer.json() == {
        "job_id": job_id,
        "status": "pending",
        "message": message,
        "poll_url": f"{JOBS}/{job_id}",
    }
    return str(job_id)


@pytest.mark.parametrize("wrap", [lambda t: {"texts": t}, lambda t: t], ids=["object", "list"])
def test_a_batch_is_an_object_or_a_bare_list(
    client: TestClient,
    alice: Headers,
    finished: Finished,
    wrap: Callable[[list[str]], Any],
) -> None:
    """Both give a job, whose result has one entry per text in the order sent."""
    texts = ["I was charged twice", "the app crashes", ""]
    answer = client.post(f"{JOBS}/batch-predict", json=wrap(texts), headers=alice)
    job = finished(accepted(answer, "Job created successfully"))
    assert job["status"] == "completed"
    assert job["job_type"] == "batch_predict"
    assert job["result"]["total"] == 3
    assert [set(one) for one in job["result"]["predictions"]] == [{"prediction", "confidence"}] * 3


@pytest.mark.parametrize("wrap", [lambda t: {"texts": t}, lambda t: t], ids=["object", "list"])
def test_a_batch_has_one_to_a_thousand_texts(
    client: TestClient, alice: Headers, wrap: Callable[[list[str]], Any]
) -> None:
    """None and too many are 400; a thousand are fine."""
    path = f"{JOBS}/batch-predict"
    too_many = client.post(path, json=wrap(["x"] * 1001), headers=alice)
    assert too_many.status_code == 400
    assert too_many.json()["detail"] == "Maximum 1000 texts allowed"
    assert client.post(path, json=wrap([]), headers=alice).status_code == 400
    assert client.post(path, json=wrap(["x"] * 1000), headers=alice).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"texts": ["a", 7]}, "/texts/1"),
        (["a", None], "/1"),
        ({"texts": "abc"}, "/texts"),
        ({"texts": ["a"], "extra": 1}, "/extra"),
        ({"texts": ["a"], "model": "no-such-model"}, "/model"),
        ({}, ""),
    ],
)
def test_a_mistake_in_a_batch_is_pointed_to(
    client: TestClient, alice: Headers, body: Any, pointer: str
) -> None:
    """The pointer leads into the body that was sent."""
    answer = client.post(f"{JOBS}/batch-predict", json=body, headers=alice)
    assert answer.status_code == 422
    first = answer.json()["errors"][0]
    assert first["pointer"] == pointer
    if "does not fit" in answer.json()["detail"]:
        told = f"{pointer}: {first['detail']}"
        assert answer.json()["detail"].endswith(f"batch_predict: {told.removeprefix(': ')}")


def test_the_sentence_of_a_mistake_points_as_its_pointer_does(
    client: TestClient, alice: Headers
) -> None:
    """Into the body that was sent, wherever in it the input stands."""
    wrong = {"job_type": "nothing", "input": {"number": "x"}}
    for path, body, pointer in (
        (JOBS, wrong, "/input/number"),
        (f"{JOBS}/bulk", {"jobs": [wrong]}, "/jobs/0/input/number"),
    ):
        told = client.post(path, json=body, headers=alice).json()
        assert [one["pointer"] for one in told["errors"]] == [pointer]
        assert f": {pointer}: " in told["detail"]
    told = client.post(JOBS, json=[], headers=alice).json()
    assert told["errors"][0]["pointer"] == ""
    assert told["detail"] == told["errors"][0]["detail"]


def test_training_is_accepted_with_its_own_message(client: TestClient, alice: Headers) -> None:
    """`test` names the large generated data set; nothing is trained before the answer."""
    answer = client.post(f"{JOBS}/train-model", json={"data": "test"}, headers=alice)
    job_id = accepted(answer, "Training job created")
    assert client.delete(f"{JOBS}/{job_id}", headers=alice).status_code == 200


def test_training_on_what_does_not_exist_is_422(client: TestClient, alice: Headers) -> None:
    """All that can be validated is validated before the job is made."""
    answer = client.post(f"{JOBS}/train-model", json={"data": "nowhere"}, headers=alice)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/data"
    assert answer.json()["code"] == "unknown_artifact"


def test_evaluation_is_a_job_too(client: TestClient, alice: Headers) -> None:
    """It has a named route of its own."""
    answer = client.post(f"{JOBS}/evaluate-model", json={"data": "sample"}, headers=alice)
    job_id = accepted(answer, "Evaluation job created")
    client.delete(f"{JOBS}/{job_id}", headers=alice)


def test_an_evaluation_can_be_had_as_tables(
    client: TestClient, alice: Headers, finished: Finished
) -> None:
    """One at a time, once it has completed; of no other job."""
    body = {"data": "sample", "model": "bundled:default", "against": "bundled:default"}
    answer = client.post(f"{JOBS}/evaluate-model", json=body, headers=alice)
    job = finished(accepted(answer, "Evaluation job created"))
    path = f"{JOBS}/{job['job_id']}/evaluation.csv"
    for table, first in (
        ("summary", ["model_id", "rows"]),
        ("per_class", ["label", "precision"]),
        ("confusion", ["label", job["result"]["confusion"]["labels"][0]]),
        ("confused_labels", ["label", "prediction"]),
        ("reliability", ["from", "to"]),
        ("mistakes", ["row", "text"]),
    ):
        got = client.get(path, params={"table": table}, headers=alice)
        assert got.headers["content-type"] == "text/csv; charset=utf-8"
        lines = list(csv.reader(io.StringIO(got.text)))
        assert lines[0][:2] == first
        assert len(lines) > 2
        assert {len(line) for line in lines} == {len(lines[0])}
    nothing = client.post(JOBS, json={"job_type": "nothing"}, headers=alice).json()["job_id"]
    assert client.get(f"{JOBS}/{nothing}/evaluation.csv", headers=alice).status_code == 404


def test_preprocessing_is_a_job_too(client: TestClient, alice: Headers, finished: Finished) -> None:
    """202, and the new data set can be read by its name."""
    body = {"data": "sample", "steps": [{"step": "lower_case"}], "name": "small-letters"}
    answer = client.post(f"{JOBS}/preprocess", json=body, headers=alice)
    job = finished(accepted(answer, "Preprocessing job created", 202))
    assert job["result"]["rows_out"] == 3_000
    rows = client.get("/api/v1/datasets/small-letters/rows?limit=3", headers=alice).json()["rows"]
    assert all(row["text"] == row["text"].lower() for row in rows)


def test_a_preview_answers_at_once_and_keeps_nothing(client: TestClient, alice: Headers) -> None:
    """A step that cannot be is pointed to, and so is a data set that is not there."""
    path = "/api/v1/datasets/sample/preview"
    steps = [{"step": "filter_labels", "keep": ["login"]}]
    answer = client.post(path, json={"steps": steps, "rows": 60}, headers=alice)
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["sample"] == 60
    assert {row["label"] for row in shown["rows"]} == {"login"}
    assert shown["report"][0]["rows_out"] == shown["rows_out"] < 60
    wrong = client.post(path, json={"steps": [{"step": "polish"}]}, headers=alice)
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/steps/0")
    lacking = client.post(path, json={"steps": steps, "label": "kind"}, headers=alice)
    assert (lacking.status_code, "'kind'" in lacking.json()["detail"]) == (422, True)
    unknown = client.post("/api/v1/datasets/nothing/preview", json={"steps": steps}, headers=alice)
    assert unknown.status_code == 404


def test_any_operation_can_be_submitted(
    client: TestClient, alice: Headers, finished: Finished
) -> None:
    """202 with a `Location`; everything asked for stands in the job."""
    later = datetime.now(UTC) + timedelta(milliseconds=1)
    body = {
        "job_type": "nothing",
        "input": {"note": "hello"},
        "priority": "urgent",
        "run_at": later.isoformat(),
        "timeout": 60,
        "max_attempts": 2,
        "metadata": {"team": "blue"},
    }
    answer = client.post(JOBS, json=body, headers=alice)
    job_id = accepted(answer, "Job created successfully", 202)
    assert answer.headers["location"] == f"{JOBS}/{job_id}"
    job = finished(job_id)
    assert job["result"] == {"note": "hello"}
    assert (job["priority"], job["timeout"], job["max_attempts"]) == (0, 60, 2)
    assert job["metadata"] == {"team": "blue"}
    assert datetime.fromisoformat(job["run_at"]) == later.replace(
        microsecond=datetime.fromisoformat(job["run_at"]).microsecond
    )


@pytest.mark.parametrize(
    ("priority", "number"), [("urgent", 0), ("high", 2), ("normal", 5), ("low", 8), (0, 0), (9, 9)]
)
def test_a_priority_is_a_number_or_a_word(
    client: TestClient, alice: Headers, submit: Submit, priority: int | str, number: int
) -> None:
    """0 runs first, 9 last, and four words stand for the usual ones."""
    job_id = submit(priority=priority)
    assert client.get(f"{JOBS}/{job_id}", headers=alice).json()["priority"] == number


def test_concurrent_submissions_all_become_jobs(client: TestClient, alice: Headers) -> None:
    """Submissions that arrive together are committed together, and each gets its own answer."""

    def one(number: int) -> tuple[int, str]:
        body = {"job_type": "nothing", "input": {"note": str(number)}}
        return number, client.post(JOBS, json=body, headers=alice).json()["job_id"]

    with ThreadPoolExecutor(8) as threads:
        made = dict(threads.map(one, range(24)))
    assert len(set(made.values())) == 24
    for number, job_id in made.items():
        waited = client.get(f"{JOBS}/{job_id}", headers=alice | {"Prefer": "wait=30"})
        assert waited.json()["result"] == {"note": str(number)}


def test_a_bulk_is_accepted_in_its_order(
    client: TestClient, alice: Headers, finished: Finished
) -> None:
    """Up to 1,000 submissions in one transaction."""
    jobs = [{"job_type": "nothing", "input": {"note": str(n)}} for n in range(5)]
    answer = client.post(f"{JOBS}/bulk", json={"jobs": jobs}, headers=alice)
    assert answer.status_code == 202
    made = [finished(one["job_id"])["result"]["note"] for one in answer.json()["jobs"]]
    assert made == ["0", "1", "2", "3", "4"]


def test_a_bulk_with_a_mistake_makes_no_job(client: TestClient, alice: Headers) -> None:
    """All or none, and the pointer says which."""
    mark = uuid4().hex
    good = {"job_type": "nothing", "metadata": {"mark": mark}}
    bad = {"job_type": "nothing", "input": {"note": 7}}
    answer = client.post(f"{JOBS}/bulk", json={"jobs": [good, bad]}, headers=alice)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/jobs/1/input/note"
    listed = client.get(f"{JOBS}?limit=50", headers=alice).json()
    assert mark not in [job["metadata"].get("mark") for job in listed]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_bulk_has_one_to_a_thousand_jobs(client: TestClient, alice: Headers, count: int) -> None:
    """More go into several requests."""
    body = {"jobs": [{"job_type": "nothing"}] * count}
    assert client.post(f"{JOBS}/bulk", json=body, headers=alice).status_code == 422


REPEATABLE: dict[str, tuple[str, Any, Any]] = {
    "submit": (JOBS, {"job_type": "nothing"}, {"job_type": "nothing", "priority": 1}),
    "batch": (f"{JOBS}/batch-predict", ["a"], ["b"]),
    "train": (f"{JOBS}/train-model", {"data": "sample"}, {"data": "sample", "epochs": 2}),
    "evaluate": (f"{JOBS}/evaluate-model", {"data": "sample"}, {"data": "test"}),
    "preprocess": (
        f"{JOBS}/preprocess",
        {"data": "sample", "steps": [{"step": "lower_case"}]},
        {"data": "sample", "steps": [{"step": "drop_empty"}]},
    ),
    "bulk": (
        f"{JOBS}/bulk",
        {"jobs": [{"job_type": "nothing"}] * 2},
        {"jobs": [{"job_type": "nothing"}] * 3},
    ),
}


@pytest.mark.parametrize(("path", "body", "other"), REPEATABLE.values(), ids=REPEATABLE.keys())
def test_a_key_makes_a_submission_repeatable(
    client: TestClient, alice: Headers, bob: Headers, path: str, body: Any, other: Any
) -> None:
    """The same request is answered again, another one is refused, another user's key is his own."""
    key = {"Idempotency-Key": uuid4().hex}
    first = client.post(path, json=body, headers=alice | key)
    again = client.post(path, json=body, headers=alice | key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    reused = client.post(path, json=other, headers=alice | key)
    assert reused.status_code == 422
    assert reused.json()["code"] == "idempotency_key_reused"
    others = client.post(path, json=body, headers=bob | key)
    assert "idempotent-replayed" not in others.headers
    assert others.content != first.content


@pytest.mark.parametrize("path", [JOBS, f"{JOBS}/bulk"])
def test_whom_to_tell_is_part_of_the_request(client: TestClient, alice: Headers, path: str) -> None:
    """Else the second receiver would never hear of the job, and nobody of that."""
    key = {"Idempotency-Key": uuid4().hex}

    def asked(*notify: str) -> Any:
        job = {"job_type": "nothing", "notify": [{"webhook": one} for one in notify]}
        body = job if path == JOBS else {"jobs": [job]}
        return client.post(path, json=body, headers=alice | key)

    assert asked().status_code == 202
    assert asked().headers["idempotent-replayed"] == "true"
    other = asked("https://example.org/hook")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_which_job_of_a_list_tells_whom_is_part_of_the_request(
    client: TestClient, alice: Headers
) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    quiet = {"job_type": "nothing", "run_at": "2999-01-01T00:00:00Z"}
    telling = quiet | {"notify": [{"webhook": "https://example.org/hook", "on": ["failed"]}]}

    def asked(*jobs: Any) -> Any:
        return client.post(f"{JOBS}/bulk", json={"jobs": jobs}, headers=alice | key)

    made = asked(quiet, telling)
    assert made.status_code == 202, made.text
    assert asked(telling, quiet).json()["code"] == "idempotency_key_reused"
    assert asked(quiet, telling).json() == made.json()
    for one in made.json()["jobs"]:
        client.delete(f"{JOBS}/{one['job_id']}", headers=alice).raise_for_status()


def test_a_key_belongs_to_its_route(client: TestClient, alice: Headers) -> None:
    """The same key on another route is another key."""
    key = {"Idempotency-Key": uuid4().hex}
    first = client.post(f"{JOBS}/batch-predict", json=["a"], headers=alice | key)
    other = client.post(JOBS, json={"job_type": "nothing"}, headers=alice | key)
    assert (first.status_code, other.status_code) == (200, 202)


def test_requests_with_one_key_at_the_same_time_make_one_job(
    client: TestClient, alice: Headers
) -> None:
    """However many arrive together, one makes the job and the others are told of it."""
    headers = alice | {"Idempotency-Key": uuid4().hex}

    def one(_: int) -> str:
        return str(
            client.post(JOBS, json={"job_type": "nothing"}, headers=headers).json()["job_id"]
        )

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(one, range(16)))) == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "ü"])
def test_an_unfit_key_is_400(client: TestClient, alice: Headers, key: str) -> None:
    """A key is 1 to 255 visible characters."""
    headers = {name.encode(): value.encode() for name, value in alice.items()}
    headers[b"Idempotency-Key"] = key.encode("latin-1")
    assert client.post(JOBS, json={"job_type": "nothing"}, headers=headers).status_code == 400


def test_a_client_may_wait_for_the_result(client: TestClient, alice: Headers) -> None:
    """`Prefer: wait` gives the finished job in the answer to its submission."""
    body = {"job_type": "nothing", "input": {"note": "here"}}
    answer = client.post(JOBS, json=body, headers=alice | {"Prefer": "wait=30"})
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=30"
    assert answer.json()["status"] == "completed"
    assert answer.json()["result"] == {"note": "here"}


def test_a_wait_ends_with_the_job_still_running(
    client: TestClient, alice: Headers, gate: Gate
) -> None:
    """What is not finished in time is answered as if nobody had waited."""
    body = {"job_type": "steps", "input": gate.input(1)}
    answer = client.post(JOBS, json=body, headers=alice | {"Prefer": "respond-async, wait=0"})
    accepted(answer, "Job created successfully", 202)
    gate.open()


def test_respond_async_turns_200_into_202(client: TestClient, alice: Headers) -> None:
    """The named routes then answer as the generic one does."""
    answer = client.post(
        f"{JOBS}/batch-predict", json=["a"], headers=alice | {"Prefer": "respond-async"}
    )
    job_id = accepted(answer, "Job created successfully", 202)
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["location"] == f"{JOBS}/{job_id}"


@pytest.mark.parametrize("prefer", ["wait=soon", "wait", "wait=-1", "handling=strict", ""])
def test_a_preference_nobody_understands_is_ignored(
    client: TestClient, alice: Headers, prefer: str
) -> None:
    """As RFC 7240 has it."""
    answer = client.post(JOBS, json={"job_type": "nothing"}, headers=alice | {"Prefer": prefer})
    accepted(answer, "Job created successfully", 202)


def test_an_unfinished_job_with_the_same_unique_key_is_the_answer(
    client: TestClient, alice: Headers, bob: Headers, gate: Gate
) -> None:
    """The answer says that it existed; others have keys of their own."""
    body = {"job_type": "steps", "input": gate.input(1), "unique_key": uuid4().hex}
    first = accepted(client.post(JOBS, json=body, headers=alice), "Job created successfully", 202)
    again = client.post(JOBS, json=body, headers=alice)
    assert again.status_code == 202
    assert (again.json()["job_id"], again.json()["existing"]) == (first, True)
    assert again.json()["message"] == "An unfinished job with this unique key exists already"
    assert "idempotent-replayed" not in again.headers
    bulk = client.post(f"{JOBS}/bulk", json={"jobs": [body, body]}, headers=alice).json()["jobs"]
    assert [(one["job_id"], one["existing"]) for one in bulk] == [(first, True)] * 2
    others = client.post(JOBS, json=body, headers=bob).json()
    assert others["job_id"] != first
    assert "existing" not in others
    gate.open()
    job = client.get(f"{JOBS}/{first}", headers=alice | {"Prefer": "wait=30"}).json()
    assert (job["status"], job["unique_key"]) == ("completed", body["unique_key"])
    fresh = client.post(JOBS, json=body, headers=alice).json()
    assert fresh["job_id"] != first


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ü", "a\n"])
def test_an_unfit_unique_key_is_422(client: TestClient, alice: Headers, key: str) -> None:
    """1 to 255 visible characters, as for idempotency keys."""
    body = {"job_type": "nothing", "unique_key": key}
    answer = client.post(JOBS, json=body, headers=alice)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/unique_key"


def test_a_refused_bulk_leaves_the_job_it_met_alone(
    client: TestClient, alice: Headers, gate: Gate
) -> None:
    """It makes nothing, and so there is nothing to take back."""
    body = {"job_type": "steps", "input": gate.input(1), "unique_key": uuid4().hex}
    job_id = client.post(JOBS, json=body, headers=alice).json()["job_id"]
    key = alice | {"Idempotency-Key": uuid4().hex}
    client.post(f"{JOBS}/bulk", json={"jobs": [{"job_type": "nothing"}]}, headers=key)
    longer = {"jobs": [{"job_type": "nothing"}, body]}
    assert client.post(f"{JOBS}/bulk", json=longer, headers=key).status_code == 422
    gate.open()
    job = client.get(f"{JOBS}/{job_id}", headers=alice | {"Prefer": "wait=30"}).json()
    assert job["status"] == "completed"


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("train-model", {"data": "sample", "text": "nope"}, "text"),
        ("train-model", {"data": "plain"}, "label"),
        ("evaluate-model", {"data": "sample", "model": "default", "label": "nope"}, "label"),
        ("batch-predict", {"data": "plain", "text": "nope"}, "text"),
    ],
)
def test_a_column_that_the_data_set_is_known_not_to_have_makes_no_job(
    client: TestClient, alice: Headers, route: str, body: dict[str, Any], field: str
) -> None:
    imported = client.post(
        "/imports?name=plain",
        content=b"message,number\nwhere is my parcel,1\nmy money please,2\nhello there,3\n",
        headers=alice | {"Content-Type": "text/csv", "Prefer": "wait=30"},
    )
    assert imported.json()["status"] == "complete", imported.text
    before = len(client.get("/api/v1/jobs", headers=alice).json())
    answer = client.post(f"/api/v1/jobs/{route}", json=body, headers=alice)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"
    assert f"expected a {field} column among" in answer.json()["detail"]
    assert len(client.get("/api/v1/jobs", headers=alice).json()) == before
