"""What a job's page says is so: also when somebody else moves the job, or the clock is wrong."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import ask, submit
from tests.http.conftest import Gate

pytestmark = pytest.mark.service("chromium")


def test_an_ended_job_that_is_retried_elsewhere_is_seen_to_run(alice: Page, gate: Gate) -> None:
    """As soon as one looks at the page again."""
    submit(alice, "steps", gate=str(gate.folder), steps="2")
    job = alice.url.rpartition("/")[2]
    status = alice.locator(".heading .status")
    expect(status).to_have_text(re.compile("Running"))
    ask(alice, f"/api/v1/jobs/{job}/cancel", {})
    expect(status).to_have_text(re.compile("Cancelled"))
    expect(alice.locator(".connection")).to_have_text("Ended")
    ask(alice, f"/api/v1/jobs/{job}/retry", {})
    alice.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(status).to_have_text(re.compile("Waiting|Running"))
    gate.open(2)
    expect(status).to_have_text(re.compile("Completed"))


def test_a_job_that_goes_on_after_an_error_is_no_alarm(alice: Page) -> None:
    """The error of its last attempt is told calmly; it is an alarm once the job has failed."""
    wanted = {"job_type": "talk", "input": {"stumbles": True}, "max_attempts": 20}
    job = ask(alice, "/api/v1/jobs", wanted)["job_id"]
    alice.evaluate("job => { location.hash = `#/jobs/${job}` }", job)
    expect(alice.get_by_text("The last attempt ended with:")).to_contain_text("got a stone")
    expect(alice.get_by_role("alert").filter(has_text="stone")).to_have_count(0)
    ask(alice, f"/api/v1/jobs/{job}/cancel", {})


def test_how_long_a_job_takes_does_not_depend_on_this_computers_clock(
    visit: Visit, gate: Gate
) -> None:
    """Ten minutes fast, it would have taken ten minutes."""
    visitor = visit()
    visitor.page.add_init_script("const now = Date.now; Date.now = () => now() + 600_000")
    page = visitor.sign_in("alice", "secret123")
    submit(page, "steps", gate=str(gate.folder), steps="1")
    took = page.locator(".standing dl > div").filter(has_text="Took")
    expect(took).to_have_text(re.compile(r"^Took\d+ (ms|s)$"))
    gate.open()


MEASURED = """async () => {
  const main = document.querySelector("script[type=module]").src;
  const { measured } = await import(new URL("core/measures.js", main).href);
  return [["accuracy", 0.9], ["test_f1", 1], ["shared_texts", 1], ["mean_squared_error", 0.25]]
    .map(([name, value]) => measured(name, value));
}"""


def test_only_shares_are_shown_as_percent(alice: Page) -> None:
    """One text that is shared is one text."""
    assert alice.evaluate(MEASURED) == ["90.0 %", "100.0 %", "1", "0.250"]


def test_only_what_is_known_is_shown(alice: Page, gate: Gate) -> None:
    """Of a job that has begun, what will come; of one that has ended, when."""
    submit(alice, "steps", gate=str(gate.folder), steps="1")
    expect(alice.locator(".heading .status")).to_have_text(re.compile("Running"))
    expect(alice.get_by_text("Nothing to show yet.")).to_be_visible()
    facts = alice.locator(".facts")
    expect(facts).to_contain_text("PriorityNormal (5)")
    expect(facts).to_contain_text("Failed attempts0 of 3")
    expect(facts).not_to_contain_text("Ended")
    gate.open()
    standing = alice.locator(".standing dl")
    expect(standing).to_contain_text("Ended")
    expect(standing).not_to_contain_text("Left")
    expect(alice.get_by_text("Nothing to show yet.")).to_have_count(0)
