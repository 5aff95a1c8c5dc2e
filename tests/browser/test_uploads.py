"""A file on its way in can be seen, taken back and left."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.service("chromium")

SIZE = 2 * 2**20
SLOW = 64 * 2**10


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    file = tmp_path / "tickets.csv"
    file.write_bytes(b"text,label\n" + b"my invoice is wrong,billing\n" * (SIZE // 28))
    return file


def begin(page: Page, file: Path) -> None:
    """Send a file over a line on which it takes half a minute."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW},
    )
    page.evaluate("location.hash = '#/new/import_csv'")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Submit job").click()
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()


def test_an_upload_is_seen_and_cancelled(alice: Page, tickets: Path) -> None:
    """No other file takes its place meanwhile; then all is as before it began."""
    begin(alice, tickets)
    expect(alice.get_by_role("progressbar", name="Upload")).to_be_in_viewport()
    expect(alice.locator(".sending")).to_contain_text("% of 2.0 MiB")
    expect(alice.get_by_role("button", name="Choose another")).to_be_disabled()
    expect(alice.get_by_role("button", name="Take it back")).to_be_disabled()
    with alice.expect_event("requestfailed", lambda request: "/imports" in request.url):
        alice.get_by_role("button", name="Cancel upload").click()
    expect(alice.get_by_role("button", name="Submit job")).to_be_enabled()
    expect(alice.locator(".form-problem")).to_be_empty()
    expect(alice.locator(".drop")).to_contain_text("tickets.csv")


def test_whoever_leaves_an_upload_is_not_called_back(alice: Page, tickets: Path) -> None:
    """It ends with the page."""
    begin(alice, tickets)
    with alice.expect_event("requestfailed", lambda request: "/imports" in request.url):
        alice.get_by_role("link", name="Workers").click()
    expect(alice.get_by_role("heading", name="Workers", exact=True)).to_be_visible()


def test_whoever_leaves_a_submission_is_not_called_back(alice: Page) -> None:
    """The job is there all the same, and that is told."""
    held: list[Route] = []
    alice.route("**/api/v1/jobs", lambda route: held.append(route), times=1)  # noqa: PLW0108 - no builtin
    alice.evaluate("location.hash = '#/new/nothing'")
    with alice.expect_request("**/api/v1/jobs"):
        alice.get_by_role("button", name="Submit job").click()
    alice.get_by_role("link", name="Workers").click()
    expect(alice.get_by_role("heading", name="Workers", exact=True)).to_be_visible()
    held[0].continue_()
    expect(alice.locator("#announcer")).to_have_text("Job submitted")
    assert alice.url.endswith("#/workers")


def test_a_file_that_was_taken_back_can_be_chosen_again(alice: Page, tickets: Path) -> None:
    """The same one."""
    alice.evaluate("location.hash = '#/new/import_csv'")
    for _ in range(2):
        alice.get_by_label("CSV file").set_input_files(tickets)
        expect(alice.locator(".drop")).to_contain_text("tickets.csv")
        alice.get_by_role("button", name="Take it back").click()
        expect(alice.locator(".drop")).to_contain_text("Drop a CSV file here")
        assert alice.get_by_label("CSV file").input_value() == ""
