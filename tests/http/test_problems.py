"""Every error is a problem document, and none tells what is none of the caller's business."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway import errors
from headway.http.app import create_app
from headway.http.application import Application
from headway.http.problems import KINDS
from headway.http.refusals import MEDIA_TYPE
from headway.settings import Settings
from tests.http.conftest import Headers


def every_error(root: type[Exception]) -> set[type[Exception]]:
    below = (every_error(one) for one in root.__subclasses__() if one.__module__ == root.__module__)
    return {root}.union(*below)


def test_every_error_of_ours_has_a_place_in_the_table() -> None:
    """No error can be added to the tree without saying what HTTP makes of it."""
    assert set(KINDS) == every_error(errors.HeadwayError)


def test_an_unknown_path_is_a_problem(client: TestClient) -> None:
    """404 has the shape of all errors, with a `detail` that is a string."""
    answer = client.get("/nowhere", headers={"X-Request-ID": "my-request"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json() == {
        "type": "urn:headway:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "Not Found",
        "instance": "/nowhere",
        "code": "not_found",
        "request_id": "my-request",
    }


@pytest.mark.parametrize(
    ("sent", "instance"),
    [
        ("/a%20b/%C3%A9%25", "/a%20b/%C3%A9%25"),
        ("/%22%3Cx%3E%0A", "/%22%3Cx%3E%0A"),
        ("/x:y@z/1,2;(3)", "/x:y@z/1,2;(3)"),
    ],
)
def test_the_instance_is_a_uri_reference(client: TestClient, sent: str, instance: str) -> None:
    """What may not stand in one is percent-encoded, as it was sent."""
    assert client.get(sent).json()["instance"] == instance


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/jobs/x", "DELETE, GET, HEAD"),
        ("DELETE", "/api/v1/jobs", "GET, HEAD, POST"),
        ("GET", "/token", "POST"),
        ("PATCH", "/imports", "POST"),
        ("GET", "/api/v1/jobs/batch-predict", "POST"),
        ("PATCH", "/api/v1/jobs/train-model", "POST"),
        ("DELETE", "/api/v1/jobs/evaluate-model", "POST"),
        ("PUT", "/api/v1/jobs/bulk", "POST"),
        ("BREW", "/api/v1/jobs/bulk", "POST"),
        ("DELETE", "/api/v1/jobs/stream", "GET, HEAD"),
        ("DELETE", "/api/v1/users/me", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_all_right_ones(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    """405 comes with an `Allow` that has the methods of every route on the path."""
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.json()["code"] == "method_not_allowed"


def test_a_wrong_method_for_a_route_of_the_user_s_own_is_told_the_right_ones(
    data_dir: Path,
) -> None:
    """Also for one that was added to the application when it was there."""
    app = create_app(Settings(data_dir=data_dir))
    app.get("/greeting")(lambda: "hello")
    answer = TestClient(app).post("/greeting")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_wrong_parameter_is_pointed_to(client: TestClient, alice: Headers) -> None:
    """422 says which parameter is wrong."""
    answer = client.get("/api/v1/jobs?limit=many", headers=alice)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/limit"


@pytest.mark.parametrize(
    ("kind", "code", "detail"),
    [
        (errors.StoreUnavailable, "store_unavailable", "nothing was written"),
        (errors.OutcomeUnknown, "outcome_unknown", "again with the same Idempotency-Key"),
    ],
)
def test_a_store_that_cannot_be_written_is_a_503(
    app: Application,
    client: TestClient,
    alice: Headers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: type[Exception],
    code: str,
    detail: str,
) -> None:
    """The client hears what to do, and nothing about the database; the log has the reason."""

    def unavailable(*_: object) -> None:
        raise kind("disk I/O error in /secret/place")

    monkeypatch.setattr(app.parts.open().queue, "find", unavailable)
    answer = client.get("/api/v1/jobs", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"
    assert detail in answer.json()["detail"]
    assert "secret" not in answer.text
    reason = f"request {answer.json()['request_id']}: disk I/O error in /secret/place"
    assert reason in caplog.messages


def test_a_defect_of_ours_is_a_500_without_its_stack(
    app: Application, quiet_client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets the request id and no more."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(app.parts.open().queue, "find", broken)
    answer = quiet_client.get("/api/v1/jobs", headers=alice)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["request_id"] == answer.headers["x-request-id"] != ""
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
