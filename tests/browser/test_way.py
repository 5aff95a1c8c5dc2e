"""Where one is and where one comes to, also without a mouse, a screen or a good address."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import submit
from tests.http.conftest import Gate

pytestmark = pytest.mark.service("chromium")


def test_an_address_that_says_nothing_leads_to_a_page_that_says_so(visit: Visit) -> None:
    """Once: not by an empty page, and not by the API's words below ours."""
    visitor = visit()
    visitor.expects_refusals = True
    page = visitor.sign_in("alice", "secret123")
    page.goto(f"{visitor.url}/?fresh#/jobs/%E0%A4%A")
    expect(page.get_by_role("heading", name="There is no such job.")).to_be_visible()
    expect(page.get_by_text("Job not found")).to_have_count(0)


def test_a_page_that_broke_is_left_behind(visit: Visit) -> None:
    """The next one is whole."""
    visitor = visit()
    page = visitor.sign_in("alice", "secret123")
    page.route("**/api/v1/queue", lambda route: route.fulfill(json={}))
    page.get_by_role("link", name="Workers").click()
    expect(page.get_by_role("alert")).to_contain_text("a defect of its own")
    page.get_by_role("link", name="Jobs").first.click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    assert visitor.complaints
    visitor.complaints.clear()


def test_reading_begins_at_the_heading_of_a_new_page(alice: Page) -> None:
    """As soon as it is there."""
    submit(alice, "nothing", note="read")
    expect(alice.locator("h1")).to_be_focused()
    alice.locator(".back a").click()
    expect(alice.get_by_role("heading", name="Jobs", exact=True)).to_be_focused()


def test_the_focus_goes_back_to_where_a_question_came_from(alice: Page, gate: Gate) -> None:
    """Whichever way it is answered; to the heading, if what asked is gone."""
    submit(alice, "steps", gate=str(gate.folder), steps="2")
    cancel = alice.get_by_role("button", name="Cancel", exact=True)
    dialog = alice.get_by_role("dialog")
    cancel.press("Enter")
    expect(dialog).to_be_visible()
    alice.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(cancel).to_be_focused()
    cancel.press("Enter")
    alice.get_by_role("button", name="Keep it").press("Enter")
    expect(cancel).to_be_focused()
    cancel.press("Enter")
    alice.get_by_role("button", name="Cancel the job").press("Enter")
    expect(alice.get_by_role("button", name="Retry", exact=True)).to_be_visible()
    expect(alice.locator("h1")).to_be_focused()


def test_a_question_asked_again_at_once_stays(alice: Page, gate: Gate) -> None:
    """The browser tells a little later that the one before was closed."""
    submit(alice, "steps", gate=str(gate.folder), steps="1")
    cancel = alice.get_by_role("button", name="Cancel", exact=True)
    cancel.click()
    asked = alice.evaluate(
        """async () => {
            const [no] = document.querySelectorAll("dialog button");
            const [cancel] = document.querySelectorAll(".actions > button");
            no.click();
            await Promise.resolve();
            cancel.click();
            await new Promise((resolve) => setTimeout(resolve, 100));
            return document.querySelector("dialog")?.open;
        }"""
    )
    assert asked
    alice.keyboard.press("Escape")
    expect(alice.get_by_role("dialog")).to_have_count(0)
    gate.open()
