"""What holds for every page: it is small, soon drawn, and can be read."""

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headway.http.assets import FOLDER
from tests.browser.conftest import Visit
from tests.browser.traffic import Traffic
from tests.browser.visitor import submit
from tests.http.conftest import Gate

chromium = pytest.mark.service("chromium")

LARGEST = 100_000
MODULES = sorted(path for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)


@chromium
def test_a_first_look_at_jobs_and_at_a_job_is_small(visit: Visit, gate: Gate) -> None:
    """All that the browser receives with an empty cache, answers of the API and headers included,
    is less than 100 KB, each time; and what was received once is not asked for again."""
    host = visit()
    page = host.sign_in("alice", "secret123")
    gate.open(2)
    submit(page, "steps", gate=str(gate.folder), steps="2")
    expect(page.get_by_text("completed after")).to_be_visible()
    job = page.url.removeprefix(host.url)
    kept: str = page.evaluate("JSON.stringify(sessionStorage)")
    looks = {"/#/jobs": "table.jobs", job: "canvas", "/docs": "summary code"}
    for address, sign in looks.items():
        visitor = visit()
        visitor.page.add_init_script(f"Object.assign(sessionStorage, {kept})")
        traffic = Traffic(visitor.page)
        visitor.page.goto(visitor.url + address)
        expect(visitor.page.locator(sign).first).to_be_visible()
        assert len(traffic.received) > 20
        assert traffic.total() < LARGEST, traffic.received
        traffic.received.clear()
        visitor.page.goto(f"{visitor.url}/healthz")
        visitor.page.goto(visitor.url + address)
        expect(visitor.page.locator(sign).first).to_be_visible()
        assert traffic.total("/dashboard/") == 0


@chromium
def test_the_page_is_drawn_before_any_job_is_there(visit: Visit) -> None:
    """The first paint waits for no answer of the API: it may be on its way for ever."""
    visitor = visit()
    page = visitor.sign_in("alice", "secret123")
    page.route("**/api/v1/**", lambda _route: None)  # no answer, ever
    page.reload()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    paints = page.evaluate("performance.getEntriesByType('paint').map((one) => one.name)")
    assert "first-contentful-paint" in paints
    page.unroute_all(behavior="ignoreErrors")


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
