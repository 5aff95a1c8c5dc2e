"""The whole log of a service that was lied to: JSON, a line an event, and no secret in it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.cli.conftest import OPERATIONS, ROOT

SECRET = "correct-horse-battery-staple"
FORGED = "eve\r\nINFO all is well\x1b[31m\u2028"


def test_a_service_s_log_is_json_and_keeps_secrets(data_dir: Path, tmp_path: Path) -> None:
    """Passwords, tokens, tickets and bodies are told by nobody; hostile names forge no line."""
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "headway", "serve", "--port", "0"],
            env=os.environ
            | {
                "HEADWAY_DATA_DIR": str(data_dir),
                "HEADWAY_OPERATIONS": OPERATIONS,
                "HEADWAY_LOG_LEVEL": "debug",
                "HEADWAY_SECRET_KEY": SECRET * 2,
                "HEADWAY_METRICS_TOKEN": SECRET,
                "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            },
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found is not None
            tokens, request_id = _ask(found[0])
        finally:
            process.terminate()
            process.communicate(timeout=60)
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    for secret in (SECRET, *tokens):
        assert secret not in text
    assert all(character.isprintable() for character in text.replace("\n", ""))
    submitted = [one for one in lines if one.get("request") == request_id]
    assert [(one["user"], one["status"], one["route"]) for one in submitted] == [
        ("alice", 202, "/api/v1/jobs")
    ]
    assert any(one["logger"] == "headway.attempts" and one["user"] == "alice" for one in lines)


def _ask(url: str) -> tuple[list[str], str]:
    """What a user and somebody hostile do; the secrets that were given out, and a request's id."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        answer = client.post("/token", data={"username": "alice", "password": "secret123"})
        token = answer.json()["access_token"]
        client.post("/token", data={"username": FORGED, "password": SECRET})
        head = {"Authorization": f"Bearer {token}"}
        ticket = client.post("/api/v1/tickets", headers=head).json()["ticket"]
        client.get("/ws/jobs/x", params={"ticket": ticket})
        client.get(f"/api/v1/jobs/{SECRET[:7]}%0d%0aINFO%20forged%1b[31m", headers=head)
        client.get("/metrics", headers={"Authorization": f"Bearer {SECRET}"})
        client.post(
            "/imports",
            files={"file": (FORGED, f"text,label\n{SECRET},a\n".encode(), "text/csv")},
            headers=head,
        )
        job = {"job_type": "fail", "input": {}, "metadata": {"password": SECRET}}
        mine = head | {"X-Request-ID": "mine-1"}
        submitted = client.post("/api/v1/jobs", json=job, headers=mine)
        client.get(submitted.json()["poll_url"], headers=head | {"Prefer": "wait=30"})
        return [token, ticket], "mine-1"
