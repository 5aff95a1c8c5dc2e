"""Long answers are packed for who can unpack them; what is short or live is not."""

import json

import pytest
from fastapi.testclient import TestClient

from headway.http.packing import PACKED
from tests.http.conftest import Headers, Submit

GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("path", ["/openapi.json", "/api/v1/operations"])
def test_a_long_description_is_packed_and_says_the_same(
    client: TestClient, alice: Headers, path: str
) -> None:
    """To a quarter of its length or less, and only where the client says that it can unpack."""
    packed = client.get(path, headers=alice | GZIP)
    plain = client.get(path, headers=alice | PLAIN)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) * 4 < int(plain.headers["content-length"])
    for answer in (packed, plain):
        assert "accept-encoding" in answer.headers["vary"].lower()


@pytest.mark.parametrize("refused", ["gzip;q=0", "br, gzip; q=0.000", "GZIP ; Q=0, identity"])
def test_who_gives_gzip_no_weight_is_sent_none(client: TestClient, refused: str) -> None:
    """A weight of nothing is a refusal (RFC 9110, 12.5.3); the least weight is none."""
    plain = client.get("/openapi.json", headers={"Accept-Encoding": refused})
    assert "content-encoding" not in plain.headers
    assert "accept-encoding" in plain.headers["vary"].lower()
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip;q=0.001"})
    assert packed.headers["content-encoding"] == "gzip"


def test_a_list_of_jobs_is_packed_with_its_link(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """The way to the next page stands beside it as ever."""
    for _ in range(11):
        submit()
    listed = client.get("/api/v1/jobs?limit=10", headers=alice | GZIP)
    assert listed.headers["content-encoding"] == "gzip"
    assert len(listed.json()) == 10
    assert 'rel="next"' in listed.headers["link"]


def test_a_submission_to_the_same_path_is_answered_as_it_is(
    client: TestClient, alice: Headers
) -> None:
    """Only what is read is packed."""
    body = {"job_type": "nothing", "input": {"note": "long " * 1000}}
    answer = client.post("/api/v1/jobs", json=body, headers=alice | GZIP)
    assert "content-encoding" not in answer.headers


def test_no_stream_is_packed(client: TestClient, alice: Headers, submit: Submit) -> None:
    """What a job says must not wait in a packer until there is more of it."""
    assert not any(path.endswith("/stream") or "{" in path for path in PACKED)
    job_id = submit(input={"note": "long " * 1000})
    stream = client.get(f"/api/v1/jobs/{job_id}/stream", headers=alice | GZIP)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in stream.headers
    assert "event: complete" in stream.text


def test_every_packed_path_is_one_that_can_be_read(client: TestClient) -> None:
    """A path that was renamed would be packed no longer, and nobody would see it."""
    document = json.loads(client.get("/openapi.json").content)
    paths = {path for path, methods in document["paths"].items() if "get" in methods}
    assert PACKED - {"/openapi.json"} <= paths
