"""Results of single items, while the job runs and after."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from tests.http.conftest import Gate, Headers, Submit

JOBS = "/api/v1/jobs"


@pytest.fixture
def results(client: TestClient, alice: Headers) -> Callable[..., dict[str, Any]]:
    def results(job_id: str, **query: Any) -> dict[str, Any]:
        answer = client.get(f"{JOBS}/{job_id}/results", params=query, headers=alice)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    return results


def until(client: TestClient, headers: Headers, job_id: str, event: str) -> None:
    """Wait for an event of a running job."""
    url = f"{JOBS}/{job_id}/stream?after=0"
    with client.stream("GET", url, headers=headers) as stream:
        next(line for line in stream.iter_lines() if line == f"event: {event}")


def test_items_can_be_read_while_the_job_runs(
    client: TestClient,
    alice: Headers,
    gate: Gate,
    submit: Submit,
    results: Callable[..., dict[str, Any]],
) -> None:
    """A page ends with a cursor from which the next one goes on, until all is complete."""
    job_id = submit("steps", input=gate.input(3))
    assert results(job_id) == {"items": [], "next_cursor": 0, "complete": False}
    gate.open()
    until(client, alice, job_id, "items")
    first = results(job_id)
    assert [item["index"] for item in first["items"]] == [0]
    assert (first["next_cursor"], first["complete"]) == (1, False)
    gate.open(2)
    until(client, alice, job_id, "complete")
    rest = results(job_id, cursor=first["next_cursor"])
    assert [item["step"] for item in rest["items"]] == [2, 3]
    assert (rest["next_cursor"], rest["complete"]) == (3, True)


@pytest.fixture
def ended(client: TestClient, alice: Headers, gate: Gate, submit: Submit) -> str:
    """A job with five items, of which those with an odd step have failed."""
    gate.open(5)
    job_id = submit("steps", input=gate.input(5))
    until(client, alice, job_id, "complete")
    return job_id


def test_pages_give_every_item_once(ended: str, results: Callable[..., dict[str, Any]]) -> None:
    """Whatever the limit."""
    seen: list[int] = []
    page = results(ended, limit=2)
    while page["items"]:
        seen += [item["index"] for item in page["items"]]
        page = results(ended, limit=2, cursor=page["next_cursor"])
    assert seen == [0, 1, 2, 3, 4]
    assert page["complete"] is True


def test_failed_items_can_be_asked_for_alone(
    ended: str, results: Callable[..., dict[str, Any]]
) -> None:
    """And so can those that succeeded."""
    assert [item["step"] for item in results(ended, status="failed")["items"]] == [1, 3, 5]
    assert [item["step"] for item in results(ended, status="succeeded")["items"]] == [2, 4]
    page = results(ended, status="failed", limit=2)
    assert results(ended, status="failed", cursor=page["next_cursor"])["items"][0]["step"] == 5


def test_items_come_as_json_lines_on_request(
    client: TestClient, alice: Headers, ended: str
) -> None:
    """One object a line; a `Link` leads on while there is more."""
    url = f"{JOBS}/{ended}/results"
    lines = alice | {"Accept": "application/x-ndjson"}
    first = client.get(f"{url}?limit=3", headers=lines)
    assert first.headers["content-type"].startswith("application/jsonl")
    assert [json.loads(line)["step"] for line in first.text.splitlines()] == [1, 2, 3]
    assert first.headers["link"] == f'<{url}?cursor=3>; rel="next"'
    rest = client.get(f"{url}?cursor=3", headers=lines)
    assert [json.loads(line)["step"] for line in rest.text.splitlines()] == [4, 5]
    assert "link" not in rest.headers


@pytest.mark.parametrize("query", ["cursor=-1", "cursor=x", "limit=0", "status=odd"])
def test_a_wrong_question_is_422(
    client: TestClient, alice: Headers, ended: str, query: str
) -> None:
    """It is refused rather than ignored."""
    assert client.get(f"{JOBS}/{ended}/results?{query}", headers=alice).status_code == 422


def test_counts_add_up(client: TestClient, alice: Headers, ended: str) -> None:
    """What succeeded, what failed and what remains make the total."""
    job = client.get(f"{JOBS}/{ended}", headers=alice).json()
    assert job["counts"] == {"total": 5, "succeeded": 2, "failed": 3, "remaining": 0}


def download(client: TestClient, headers: Headers, job_id: str, ending: str) -> Any:
    answer = client.get(f"{JOBS}/{job_id}/results.{ending}", headers=headers)
    assert answer.status_code == 200, answer.text
    kept = "attachment; filename="
    assert answer.headers["content-disposition"] == f'{kept}"results-{job_id}.{ending}"'
    return answer


TEXTS = ["=1+1", " @SUM(A1)", '"-2', "plain, with a comma", "-3", 7, -3.5, True, None, {"a": [1]}]


def test_a_csv_holds_no_formula(
    client: TestClient, alice: Headers, submit: Submit, finished: Callable[[str], Any]
) -> None:
    """Not behind a space or a quote either; numbers stay numbers."""
    job_id = submit("echo", input={"rows": [{"said": text} for text in TEXTS]})
    finished(job_id)
    answer = download(client, alice, job_id, "csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.count("\r\n") == len(TEXTS) + 1
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[0] == ["index", "said"]
    assert [row[1] for row in rows[1:]] == [
        "'=1+1", "' @SUM(A1)", "'\"-2", "plain, with a comma", "'-3", "7", "-3.5", "true", "",
        '{"a":[1]}',
    ]  # fmt: skip


def test_downloads_hold_what_the_pages_do(
    client: TestClient,
    alice: Headers,
    submit: Submit,
    finished: Callable[[str], Any],
    results: Callable[..., dict[str, Any]],
) -> None:
    """As JSON Lines to the letter, as Parquet with the types of the values."""
    given = [{"name": f"n{n}", "number": n, "share": n / 2, "odd": n % 2 == 1} for n in range(7)]
    given[3] = {"name": "late", "error": "no"}
    job_id = submit("echo", input={"rows": given})
    finished(job_id)
    items = results(job_id)["items"]
    lines = download(client, alice, job_id, "jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == items
    table = pq.read_table(io.BytesIO(download(client, alice, job_id, "parquet").content))
    names = ("index", "name", "number", "share", "odd", "error")
    assert table.column_names == list(names)
    assert [str(table.schema.field(name).type) for name in names] == [
        "int64", "string", "int64", "double", "bool", "string",
    ]  # fmt: skip
    rows = table.to_pylist()
    assert rows == [{name: item.get(name) for name in names} for item in items]


def test_a_download_can_be_continued(client: TestClient, alice: Headers, ended: str) -> None:
    """By Range, from the same bytes."""
    url = f"{JOBS}/{ended}/results.csv"
    whole = client.get(url, headers=alice)
    part = client.get(url, headers=alice | {"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == whole.content[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert part.headers["etag"] == whole.headers["etag"]
    assert client.get(url, headers=alice | {"Range": "bytes=99999-"}).status_code == 416


def test_only_what_has_ended_can_be_downloaded(
    client: TestClient, alice: Headers, bob: Headers, gate: Gate, submit: Submit, ended: str
) -> None:
    """And by its owner alone, in a form that there is."""
    job_id = submit("steps", input=gate.input(9))
    answer = client.get(f"{JOBS}/{job_id}/results.csv", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")
    client.delete(f"{JOBS}/{job_id}", headers=alice)
    assert client.get(f"{JOBS}/{ended}/results.csv", headers=bob).status_code == 403
    assert client.get(f"{JOBS}/{ended}/results.xls", headers=alice).status_code == 422


def test_failed_items_are_tried_again_in_their_place(
    client: TestClient,
    alice: Headers,
    gate: Gate,
    submit: Submit,
    finished: Callable[[str], Any],
    results: Callable[..., dict[str, Any]],
) -> None:
    """All others stay as they were, and a download made anew holds the new ones."""
    job_id = submit("moody", input=gate.input(6))
    first = finished(job_id)
    assert first["counts"] == {"total": 6, "succeeded": 3, "failed": 3, "remaining": 0}
    before = results(job_id)["items"]
    download(client, alice, job_id, "csv")
    gate.open()
    answer = client.post(f"{JOBS}/{job_id}/retry?items=failed", headers=alice)
    assert answer.status_code == 200, answer.text
    assert finished(job_id)["counts"] == {"total": 6, "succeeded": 6, "failed": 0, "remaining": 0}
    after = results(job_id)["items"]
    assert after[::2] == before[::2]
    assert [one["mood"] for one in after] == ["fine", "better"] * 3
    assert "bad" not in download(client, alice, job_id, "csv").text
    again = client.post(f"{JOBS}/{job_id}/retry?items=failed", headers=alice)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_an_operation_that_knows_no_items_cannot_try_them_again(
    client: TestClient, alice: Headers, ended: str
) -> None:
    """And says so, as 422."""
    answer = client.post(f"{JOBS}/{ended}/retry?items=failed", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "retry it as a whole" in answer.json()["detail"]
