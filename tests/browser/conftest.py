"""One service for all tests here, a browser for those of a file, a window for every user."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.service import Service, running
from tests.browser.visitor import Visitor
from tests.http.conftest import Gate
from tests.ports import free_port

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000

Visit = Callable[..., Visitor]

expect.set_options(timeout=PATIENCE)


# Not for the whole session: while it is open, no other test of this process may run a loop.
@pytest.fixture(scope="module")
def browser(clean_session: None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS, timeout=60_000
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def service(clean_session: None) -> Iterator[Service]:
    folder = tempfile.TemporaryDirectory(prefix="hw-", ignore_cleanup_errors=True)
    with folder as path, running(Path(path) / "data", free_port()) as started:
        yield started


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Visit]:
    """Open a window for somebody. At the end of the test nothing in it may have gone wrong."""
    visitors: list[Visitor] = []

    def visit(url: str = service.url, *, width: int = 1280, dark: bool = False) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 860}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(PATIENCE)
        visitors.append(Visitor(context.new_page(), url))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        sys.stdout.write(f"{visitor.told()}\n")  # shown where the test has failed
        visitor.page.context.close()
    for visitor in visitors:
        visitor.check()


@pytest.fixture
def alice(visit: Visit) -> Page:
    """The page of alice, who has signed in."""
    page: Page = visit().sign_in("alice", "secret123")
    return page


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)
