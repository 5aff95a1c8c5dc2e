"""The promises of conftest.py, held from inside and from outside."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import eventually

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parent / "conftest.py"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of its own that has nothing but our conftest."""
    pytester.makeconftest(CONFTEST.read_text().replace("GRACE = 15.0", "GRACE = 0.5"))
    pytester.makeini("[pytest]\nmarkers = service(name)")
    return pytester


def run(project: pytest.Pytester, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = {"PYTHONPATH": str(CONFTEST.parents[1]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs"],
        env={**os.environ, **paths, **environment},
        cwd=project.path,
        capture_output=True,
        text=True,
        check=False,
    )


def test_settings_do_not_reach_a_test(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import os
        def test_environment(data_dir):
            assert [name for name in os.environ if name.startswith("HEADWAY_")] == []
            assert not data_dir.exists()
    """)
    assert "1 passed" in run(project, HEADWAY_SECRET_KEY="from outside").stdout


def test_a_process_left_behind_fails_its_test_and_is_killed(project: pytest.Pytester) -> None:
    project.makepyfile("""
        import subprocess
        def test_orphan():
            subprocess.run("sleep 61 & echo $! > pid", shell=True)
    """)
    answer = run(project)
    assert "1 passed, 1 error" in answer.stdout
    assert "expected every process to have ended with its test" in answer.stdout
    assert "sleep 61" in answer.stdout
    left = int((project.path / "pid").read_text())
    eventually(lambda: not is_running(left))


def is_running(pid: int) -> bool:
    """A process that was killed but not yet waited for has no environment any more."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() != b""
    except OSError:
        return False


@pytest.mark.parametrize(("required", "outcome"), [("0", "1 skipped"), ("1", "1 error")])
def test_a_missing_service_is_skipped_or_fails_where_required(
    project: pytest.Pytester, required: str, outcome: str
) -> None:
    project.makepyfile("""
        import pytest
        @pytest.mark.service("chromium")
        def test_browser(): ...
    """)
    answer = run(project, HEADWAY_REQUIRE_SERVICES=required, PATH="")
    assert outcome in answer.stdout
    assert "expected chromium, found none; install the package `chromium`" in answer.stdout


def test_missing_data_is_skipped_with_how_to_get_it(project: pytest.Pytester) -> None:
    project.makepyfile("def test_accuracy(real_data): ...")
    answer = run(project, HEADWAY_TEST_DATA=str(project.path))
    assert "1 skipped" in answer.stdout
    assert "set HEADWAY_TEST_DATA to their folder" in answer.stdout


def test_a_free_port_can_be_listened_on(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)) as server:
        assert server.getsockname()[1] == free_port
