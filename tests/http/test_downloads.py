"""The files of data sets and models, from this machine's disk or from a bucket."""

import hashlib
import io
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.settings import Settings
from tests.http.conftest import Headers, sign_in
from tests.s3 import S3

CSV = "text,label\ngood,1\nbad,0\n"


def imported(client: TestClient, headers: Headers, name: str) -> dict[str, str]:
    """The data set that an import has made."""
    answer = client.post(
        f"/imports?name={name}", content=CSV, headers=headers | {"Content-Type": "text/csv"}
    )
    job = client.get(
        f"/api/v1/jobs/{answer.json()['task_id']}", headers=headers | {"Prefer": "wait=30"}
    ).json()
    assert job["status"] == "completed", job
    found: dict[str, str] = client.get(f"/api/v1/datasets/{name}", headers=headers).json()
    return found


def test_the_file_of_a_data_set_can_be_downloaded(client: TestClient, alice: Headers) -> None:
    """Whole, and in parts; its hash is what the data set says."""
    known = imported(client, alice, "to-download")
    url = "/api/v1/datasets/to-download/file"
    whole = client.get(url, headers=alice)
    assert hashlib.sha256(whole.content).hexdigest() == known["sha256"]
    assert pq.read_table(io.BytesIO(whole.content)).num_rows == 2
    assert 'filename="to-download-1.parquet"' in whole.headers["content-disposition"]
    part = client.get(url, headers=alice | {"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PAR1")


def test_nobody_downloads_what_is_not_theirs(
    client: TestClient, alice: Headers, bob: Headers
) -> None:
    known = imported(client, alice, "mine-alone")
    for reference in ("mine-alone", "alice:mine-alone", known["id"]):
        answer = client.get(f"/api/v1/datasets/{reference}/file", headers=bob)
        assert answer.status_code == 404
    assert client.get("/api/v1/datasets/mine-alone/file").status_code == 401


@pytest.mark.parametrize("address", ["datasets/bundled:sample", "models/bundled:default"])
def test_what_is_built_in_has_no_file(client: TestClient, alice: Headers, address: str) -> None:
    answer = client.get(f"/api/v1/{address}/file", headers=alice)
    assert answer.status_code == 404
    assert "built in" in answer.json()["detail"]


def test_from_a_bucket_the_answer_is_an_address(
    s3: S3, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens for whoever has it, for a while; a token is not sent there."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    with TestClient(create_app(Settings(data_dir=data_dir, artifacts_url=s3.new_bucket()))) as one:
        alice = sign_in(one, "alice", "secret123")
        known = imported(one, alice, "far")
        answer = one.get("/api/v1/datasets/far/file", headers=alice, follow_redirects=False)
        assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
        with urlopen(answer.headers["location"]) as file:
            assert hashlib.sha256(file.read()).hexdigest() == known["sha256"]
