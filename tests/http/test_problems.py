"""Every error is a problem document, and none tells what is none of the caller's business."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from headway import errors
from headway.http.problems import KINDS, MEDIA_TYPE
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
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/jobs/x", "DELETE, GET, HEAD"),
        ("DELETE", "/api/v1/jobs", "GET, HEAD, POST"),
        ("GET", "/token", "POST"),
        ("PATCH", "/imports", "POST"),
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
    app: FastAPI,
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

    monkeypatch.setattr(app.state.lazy.open().queue, "find", unavailable)
    answer = client.get("/api/v1/jobs", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"
    assert detail in answer.json()["detail"]
    assert "secret" not in answer.text
    reason = f"request {answer.json()['request_id']}: disk I/O error in /secret/place"
    assert reason in caplog.messages


def test_a_defect_of_ours_is_a_500_without_its_stack(
    app: FastAPI, quiet_client: TestClient, alice: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets the request id and no more."""

    def broken(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(app.state.lazy.open().queue, "find", broken)
    answer = quiet_client.get("/api/v1/jobs", headers=alice)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["request_id"] == answer.headers["x-request-id"] != ""
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
