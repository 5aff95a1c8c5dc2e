"""Somebody leaves while what is his is read: others see nothing of it, he nothing afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient

from tests.identity.conftest import ME, PASSWORD, Person

ROUNDS = 10
SECRET = "for nobody else's eyes"
PARTS = ("", "/results", "/events", "/attempts")


def test_what_is_erased_while_it_is_read_leaks_to_nobody(
    client: TestClient, person: Callable[..., Person], at_once: None
) -> None:
    """S36: cancelling, leaving, his reads and another's, all at the same moment."""
    other = person()
    with ThreadPoolExecutor(10) as pool:
        for _ in range(ROUNDS):
            someone = person()
            told = {"job_type": "batch_predict", "input": {"texts": [SECRET]}}
            made = client.post("/api/v1/jobs", json=told, headers=someone.headers)
            url = f"/api/v1/jobs/{made.json()['job_id']}"
            leaving = pool.submit(
                client.post, f"{ME}/delete", json={"password": PASSWORD}, headers=someone.headers
            )
            cancelling = pool.submit(client.delete, url, headers=someone.headers)
            theirs = [pool.submit(client.get, url + one, headers=other.headers) for one in PARTS]
            his = [pool.submit(client.get, url + one, headers=someone.headers) for one in PARTS]
            for answer in (one.result() for one in theirs):
                assert answer.status_code in (403, 404)
                assert SECRET not in answer.text
            assert all(one.result().status_code < 500 for one in (*his, cancelling))
            assert leaving.result().status_code == 200
            assert client.get(url, headers=someone.headers).status_code == 401
            assert client.get(url, headers=other.headers).status_code == 404
