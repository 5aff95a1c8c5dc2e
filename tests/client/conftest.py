"""One real service for the tests of the client."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.client import Client
from tests.client.service import Service, serving
from tests.http.conftest import Gate
from tests.ports import free_port


@pytest.fixture(scope="session")
def service(clean_session: None) -> Iterator[Service]:
    """Started here, so that it bears no single test's mark."""
    with (
        tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder,
        serving(Path(folder) / "data", free_port()) as service,
    ):
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with service.client() as client:
        yield client


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)
