"""What a job's page says is so: also when somebody else moves the job, or the clock is wrong."""

import re

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import ask, bar_is_at, submit
from tests.http.conftest import Gate
from tests.waiting import eventually

pytestmark = pytest.mark.service("chromium")

LIST = re.compile(r"/api/v1/jobs\?")
JOB = re.compile(r"/api/v1/jobs/[0-9a-f-]{36}$")


class Held:
    """Answers of the service that stay on their way until they are let through."""

    def __init__(self, page: Page, addresses: re.Pattern[str]) -> None:
        self._page = page
        self._answers: list[tuple[Route, APIResponse]] = []
        page.route(addresses, lambda route: self._answers.append((route, route.fetch())))

    def first(self) -> None:
        """Wait until the service has given the first."""
        eventually(lambda: self._page.evaluate("true") and self._answers)

    def let_first_through(self) -> None:
        route, answer = self._answers[0]
        route.fulfill(response=answer)


def test_an_older_list_takes_no_news_back(alice: Page, gate: Gate) -> None:
    """What has moved since the service was asked stays where it is."""
    submit(alice, "steps", gate=str(gate.folder), steps="2")
    short = alice.url.rpartition("/")[2][:8]
    alice.evaluate("location.hash = '#/jobs'")
    row = alice.get_by_role("row").filter(has_text=short)
    expect(row.locator(".percent")).to_have_text("0 %")
    expect(alice.locator(".connection")).to_have_text("Live")
    held = Held(alice, LIST)
    other = ask(alice, "/api/v1/jobs", {"job_type": "nothing", "input": {}})["job_id"][:8]
    held.first()
    gate.open()
    expect(row.locator(".percent")).to_have_text("50 %")
    held.let_first_through()
    expect(alice.get_by_role("row").filter(has_text=other)).to_be_visible()
    assert row.locator(".percent").inner_text() == "50 %"
    gate.open()


def test_an_older_answer_takes_no_news_of_a_job_back(visit: Visit, gate: Gate) -> None:
    """Though the news came before the page had anything to show."""
    page, another = (visit().sign_in("alice", "secret123") for _ in range(2))
    submit(another, "steps", gate=str(gate.folder), steps="2")
    expect(another.locator(".heading .status")).to_have_text(re.compile("Running"))
    held = Held(page, JOB)
    page.evaluate("address => { location.hash = address }", another.url.partition("#")[2])
    held.first()
    gate.open()
    bar_is_at(another, "50")
    held.let_first_through()
    bar_is_at(page, "50")
    gate.open()


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
