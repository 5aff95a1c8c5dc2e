"""Reading a result while it is taken away, again and again: nobody else ever sees a piece of it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.http.conftest import Headers, Submit

TIMES = 100
SECRET = "for alice's eyes"


def test_a_job_that_is_cancelled_while_it_is_read_leaks_to_nobody(
    app: FastAPI, alice: Headers, bob: Headers, submit: Submit
) -> None:
    """Her cancel, her read and his reads at the same moment, a hundred times."""
    client = TestClient(app)

    def ask(method: str, path: str, headers: Headers) -> Any:
        return client.request(method, path, headers=headers)

    with ThreadPoolExecutor(6) as pool:
        for _ in range(TIMES):
            url = f"/api/v1/jobs/{submit('nothing', input={'note': SECRET})}"
            hers = [pool.submit(ask, "DELETE", url, alice), pool.submit(ask, "GET", url, alice)]
            his = [
                pool.submit(ask, method, url + rest, bob)
                for method, rest in (
                    ("GET", ""),
                    ("GET", "/results"),
                    ("GET", "/events"),
                    ("DELETE", ""),
                )
            ]
            for one in his:
                assert one.result().status_code == 403
                assert SECRET not in one.result().text
            assert hers[0].result().status_code in (200, 400)
            assert hers[1].result().status_code == 200


def test_a_data_set_that_is_shared_and_taken_back_is_seen_only_between(
    app: FastAPI, client: TestClient, alice: Headers, bob: Headers
) -> None:
    """Whoever looks after the answer that took it back finds nothing."""
    made = client.post(
        "/imports?name=raced",
        content=b"text,label\nmine,a\nalone,b\n",
        headers=alice | {"Content-Type": "text/csv"},
    )
    done = client.get(
        f"/imports/{made.json()['task_id']}", headers=alice | {"Prefer": "wait=30"}
    ).json()
    url = "/api/v1/datasets/raced"
    theirs = "/api/v1/datasets/alice:raced"
    assert done["status"] == "complete"
    with ThreadPoolExecutor(3) as pool:
        for _ in range(20):
            client.patch(url, json={"shared": True}, headers=alice)
            looking = [pool.submit(client.get, theirs + end, headers=bob) for end in ("", "/rows")]
            client.patch(url, json={"shared": False}, headers=alice)
            assert client.get(theirs, headers=bob).status_code in (403, 404)
            assert {one.result().status_code for one in looking} <= {200, 403, 404}
    client.delete(url, headers=alice)
