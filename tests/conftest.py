"""What every test can rely on: a clean environment, a place of its own, and no process left behind."""

import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import brokers, ports, postgres
from tests.s3 import S3, own_s3

ROOT = Path(__file__).resolve().parent.parent
PROC = Path("/proc")

# Read before the environment is cleaned.
REQUIRE_SERVICES = os.environ.get("HEADWAY_REQUIRE_SERVICES") == "1"
REAL_DATA = Path(os.environ.get("HEADWAY_TEST_DATA") or ROOT.parent / "shared" / "data")

# A busy machine makes up examples slowly, and may stand still while it tries one.
settings.register_profile(
    "unhurried",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")

# What `@pytest.mark.service(name)` can name: how to see that it is there, and how to get it.
SERVICES: dict[str, tuple[Callable[[], bool], str]] = {
    "postgres": (
        postgres.is_there,
        f"start PostgreSQL so that {postgres.SERVER} answers, or set HEADWAY_TEST_POSTGRES",
    ),
    "redis": (brokers.redis_is_there, "install the package `redis-server`"),
    "rabbitmq": (
        brokers.rabbitmq_is_there,
        f"start RabbitMQ so that {brokers.RABBITMQ} answers",
    ),
    "nginx": (lambda: shutil.which("nginx") is not None, "install the package `nginx-light`"),
    "chromium": (lambda: shutil.which("chromium") is not None, "install the package `chromium`"),
}

GRACE = 15.0
"""Seconds; what a killed worker leaves behind may take three to notice, and more when all are busy."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose service is missing; where services are required, fail it."""
    for mark in item.iter_markers("service"):
        is_there, remedy = SERVICES[mark.args[0]]
        if not is_there():
            skip_or_fail(f"expected {mark.args[0]}, found none; {remedy}")


def skip_or_fail(reason: str) -> None:
    if REQUIRE_SERVICES:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def clean_session() -> Iterator[None]:
    """No setting of whoever runs the tests reaches a fixture, and no process outlives the session."""
    with pytest.MonkeyPatch.context() as environment:
        remove_settings(environment)
        with no_process_left("TEST_SESSION", environment):
            yield


@pytest.fixture(autouse=True)
def clean_environment(clean_session: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting reaches a test, and no process that it started outlives it."""
    remove_settings(monkeypatch)
    with no_process_left("TEST_ITSELF", monkeypatch):
        yield


def remove_settings(environment: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("HEADWAY_"):
            environment.delenv(name)


@contextmanager
def no_process_left(variable: str, environment: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a process that was started inside is still alive `GRACE` seconds after the end, and kill it.

    Children inherit the variable, and their children too, so one whose parent was killed is found as well.
    A server for several tests belongs into a fixture of wider scope: what starts there has no test's mark.
    """
    mark = uuid.uuid4().hex
    environment.setenv(variable, mark)
    before = _processes()
    yield
    deadline = time.monotonic() + GRACE
    while (left := _marked(f"{variable}={mark}", before)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if left:
        listing = "\n".join(f"    {pid}  {command}" for pid, command in left.items())
        pytest.fail(
            f"expected every process to have ended with its test, got:\n{listing}", pytrace=False
        )


def _processes() -> set[str]:
    """The numbers of all processes, as they are called below `PROC`."""
    return {name for name in os.listdir(PROC) if name.isdigit()}


def _marked(entry: str, before: set[str]) -> dict[int, str]:
    """Number and command of every process started with this entry in its environment; none of those
    that were there before can have been."""
    found = {}
    for name in _processes() - before:
        try:
            if entry.encode() in (PROC / name / "environ").read_bytes().split(b"\0"):
                command = (PROC / name / "cmdline").read_bytes()
                found[int(name)] = command.replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile, or is not ours
            continue
    return found


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory. Its path is short, since the name of a socket in it has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of published data sets that accuracy is measured on; they are too large to ship."""
    if not (REAL_DATA / "README.md").is_file():
        skip_or_fail(
            f"expected the published data sets in {REAL_DATA}, found none; put `<set>.train.csv` and `<set>.test.csv`"
            " (columns text, label) with their README.md there, or set HEADWAY_TEST_DATA to their folder"
        )
    return REAL_DATA


@pytest.fixture
def free_port() -> int:
    """A port of this host for a server of the test's own, or for nobody."""
    return ports.free_port()


@pytest.fixture(scope="session")
def s3(clean_session: None) -> Iterator[S3]:
    """A server of S3 that all tests of this process share; each makes buckets of its own."""
    with own_s3(ports.free_port()) as server:
        yield server
