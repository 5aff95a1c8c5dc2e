"""One installation for all tests of a process, made as the Dockerfile says."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.site import Site, make


@pytest.fixture(scope="session")
def site(clean_session: None) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True) as folder:
        site = make(Path(folder))
        (site.home / "secrets").mkdir()
        (site.home / "secrets" / "HEADWAY_SECRET_KEY").write_text(secrets.token_urlsafe(48))
        yield site
