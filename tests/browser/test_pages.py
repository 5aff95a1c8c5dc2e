"""What holds for every page: it can be used by everybody, is small, and asks nobody else."""

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headway.http.assets import FOLDER
from tests.browser.accessibility import violations
from tests.browser.conftest import Visit
from tests.browser.visitor import submit
from tests.http.conftest import Gate

chromium = pytest.mark.service("chromium")

LARGEST = 100_000
PHONE = 390
PAGES = {
    "": "Jobs",
    "#/new": "New job",
    "#/new/train_model": "Train model",
    "#/new/import_csv": "Import CSV",
}
MODULES = sorted(path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)


@chromium
@pytest.mark.parametrize(("width", "dark"), [(PHONE, True), (1280, False)], ids=["phone", "desk"])
def test_every_page_is_accessible(visit: Visit, width: int, dark: bool) -> None:
    """axe finds nothing, on a dark phone and on a light desk; nothing is cut off."""
    visitor = visit(width=width, dark=dark)
    page = visitor.page
    page.goto(visitor.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []
    visitor.sign_in("alice", "secret123")
    submit(page, "batch_predict", texts="My invoice is wrong\nThe app crashes")
    expect(page.get_by_text("completed after")).to_be_visible()
    assert violations(page) == []
    for address, heading in PAGES.items():
        page.goto(f"{visitor.url}/{address}")
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        if address == "":
            expect(page.get_by_role("table", name="Jobs")).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{visitor.url}/docs")
    page.get_by_text("/api/v1/jobs/bulk").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert violations(page) == []


@chromium
def test_all_of_it_is_small(visit: Visit, gate: Gate) -> None:
    """Everything that the dashboard is made of, sign-in to curves, in less than 100 KB."""
    visitor = visit()
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    sizes: dict[str, float] = {}
    names: dict[str, str] = {}
    session.on(
        "Network.requestWillBeSent", lambda e: names.update({e["requestId"]: e["request"]["url"]})
    )
    session.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]})
    )
    page = visitor.sign_in("alice", "secret123")
    gate.open(2)
    submit(page, "steps", gate=str(gate.folder), steps="2")
    expect(page.locator("canvas")).to_be_visible()
    page.goto(f"{visitor.url}/docs")
    expect(page.get_by_text("/api/v1/jobs/bulk")).to_be_visible()
    files = {
        names[one]: size
        for one, size in sizes.items()
        if "/dashboard/" in names[one] or names[one] == visitor.url + "/"
    }
    assert len(files) > 20
    assert sum(files.values()) < LARGEST, files
    # The second visit asks for the page alone: all else is known under a name that never changes.
    sizes.clear()
    page.goto(f"{visitor.url}/")
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    assert sum(size for one, size in sizes.items() if "/dashboard/" in names[one]) == 0


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_every_module_can_be_read(module: Path, tmp_path: Path) -> None:
    """As JavaScript, before a browser meets it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("expected node, found none; the browser tests load every module as well")
    copy = tmp_path / f"{module.stem}.mjs"
    copy.write_bytes(module.read_bytes())
    answer = subprocess.run([node, "--check", copy], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
