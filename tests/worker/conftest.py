"""A place to run workers in: one that many tests share, or one for a single test."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.site import Site


@pytest.fixture
def site(data_dir: Path) -> Iterator[Site]:
    """A data directory for one test. It starts its own workers."""
    site = Site(data_dir)
    yield site
    site.close()


@pytest.fixture(scope="module")
def shared_site() -> Iterator[Site]:
    """A site for all tests of a module."""
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder) / "data")
        site.worker()
        yield site
        site.close()


@pytest.fixture
def running(shared_site: Site) -> Iterator[Site]:
    """The shared site and its worker, which must survive the test and take other jobs at once."""
    if shared_site.workers[-1].process.poll() is not None:
        shared_site.worker()  # one test that kills it shall not fail those that follow
    worker = shared_site.workers[-1]
    yield shared_site
    assert worker.process.poll() is None, worker.log
    for name in ("noop", "noop_alone"):
        shared_site.completed(shared_site.submit(name))
