"""Schemathesis against a real server: everything that OpenAPI describes, in all of its phases."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.security.server import Server

PHASES = "examples,coverage,fuzzing,stateful"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ensure_resource_availability",
    "ignored_auth",
)
"""Without `allow_header_conformance`: a word that is a path of its own may be an id too, and `Allow`
tells the methods of both. Without `use_after_free`: DELETE cancels a job, which is there to be looked
at afterwards. Without
`negative_data_rejection` and `positive_data_acceptance`: what a schema cannot say, such as that a
name must be one of the caller's data sets, is refused too."""

HOOKS = Path(__file__).with_name("replays.py")

ENDLESS = "/api/v1/jobs/stream"
"""A stream that ends with the server."""
SIGN_OUT = "/api/v1/logout"
"""After it every call would be the same 401."""


def fuzz(server: Server, seconds: int, *, seed: int | None = None) -> tuple[int, str]:
    """Run for about so long; the exit code, and what schemathesis says."""
    token = server.sign_in()["Authorization"]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        command = [
            *(str(Path(sys.executable).with_name("st")), "run", f"{server.url}/openapi.json"),
            *("--phases", PHASES, "--checks", ",".join(CHECKS)),
            *("--max-time", str(seconds), "--workers", "1", "--request-timeout", "40"),
            *("--exclude-path", ENDLESS, "--exclude-path", SIGN_OUT),
            *("-H", f"Authorization: {token}"),
            *("--suppress-health-check", "all", "--warnings", "off", "--no-color"),
            *("--continue-on-failure",),
            *(("--seed", str(seed)) if seed is not None else ()),
        ]
        done = subprocess.run(
            command,
            cwd=folder,
            env=os.environ
            | {"HYPOTHESIS_STORAGE_DIRECTORY": folder, "SCHEMATHESIS_HOOKS": str(HOOKS)},
            capture_output=True,
            text=True,
            timeout=seconds + 240,
            check=False,
        )
    return done.returncode, done.stdout + done.stderr
