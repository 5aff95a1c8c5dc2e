"""What goes wrong around the dashboard, and that it gets over it by itself."""

import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.service import running
from tests.browser.visitor import bar_is_at, submit
from tests.http.conftest import Gate

pytestmark = pytest.mark.service("chromium")


@pytest.mark.timeout(240)  # two starts of a service, each of which may take a while under load
def test_pages_recover_from_a_restart_and_miss_nothing(
    visit: Visit, data_dir: Path, free_port: int, gate: Gate
) -> None:
    """The log of a job has every line, once and in order, and the table of jobs what happened
    while the service was away; nobody touches either page."""
    data_dir.parent.mkdir(exist_ok=True)
    with running(data_dir, free_port) as service:
        pages = [sign_in_for_a_restart(visit, service.url) for _ in range(2)]
        job, jobs = pages
        submit(job, "steps", gate=str(gate.folder), steps="6")
        short = job.url.rpartition("/")[2]
        row = jobs.get_by_role("row").filter(has_text=short[:8])
        expect(row).to_contain_text("Running")
        gate.open(2)
        expect(job.get_by_role("log")).to_contain_text("step 2")
        service.stop()
        for page in pages:
            expect(page.locator(".connection")).to_have_text("Reconnecting")
        gate.open(2)
        service.start()
        expect(job.get_by_role("log")).to_contain_text("step 4")
        gate.open(2)
        bar_is_at(job, "100")
        expect(row).to_contain_text("Completed")
        expect(jobs.locator(".connection")).to_have_text("Live")
        lines = job.locator(".log .line span:last-child").all_inner_texts()
        assert lines == log_of(job, service.url, short)


def test_curves_are_drawn_though_the_service_was_away_when_their_code_was_asked_for(
    visit: Visit, gate: Gate
) -> None:
    """By themselves, as soon as it is back, with all that came meanwhile."""
    visitor = visit()
    visitor.expects_refusals = True
    page = visitor.sign_in("alice", "secret123")
    page.route(re.compile(r"/uplot\.js$"), lambda route: route.abort())
    gate.open(2)
    with page.expect_event("requestfailed", lambda request: "uplot.js" in request.url):
        submit(page, "steps", gate=str(gate.folder), steps="2")
    expect(page.locator(".drawing canvas")).to_be_visible()


def sign_in_for_a_restart(visit: Visit, url: str) -> Page:
    visitor = visit(url)
    visitor.expects_refusals = True
    page: Page = visitor.sign_in("alice", "secret123")
    return page


def log_of(page: Page, url: str, job_id: str) -> list[str]:
    """The lines as the service has them."""
    token = page.evaluate("JSON.parse(sessionStorage['headway.session']).token")
    answer = httpx2.get(
        f"{url}/api/v1/jobs/{job_id}/logs",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    return [one["data"]["message"] for one in answer.json()]


def test_two_tabs_show_the_same(visit: Visit, gate: Gate) -> None:
    """A job that is submitted in one appears in the other, and moves in both."""
    first = visit().sign_in("alice", "secret123")
    second = visit().sign_in("alice", "secret123")
    submit(first, "steps", gate=str(gate.folder), steps="2")
    short = first.url.rpartition("/")[2][:8]
    second.get_by_role("link", name=short).click()
    gate.open()
    bar_is_at(first, "50")
    bar_is_at(second, "50")
    second.get_by_role("button", name="Cancel").click()
    second.get_by_role("button", name="Cancel the job").click()
    for page in (first, second):
        expect(page.locator(".heading .status")).to_have_text(re.compile("Cancelled"))


def test_another_users_job_is_not_shown(alice: Page, visit: Visit) -> None:
    """Neither in his table nor under its address; the page says whose it is not."""
    submit(alice, "nothing", note="private")
    address = alice.url
    visitor = visit()
    visitor.expects_refusals = True
    bob = visitor.sign_in("bob", "secret456")
    expect(bob.get_by_text("You have no jobs yet.")).to_be_visible()
    bob.goto(address)
    expect(bob.get_by_text("This is somebody else's job.")).to_be_visible()
    bob.get_by_role("link", name="Go to your jobs").click()
    expect(bob.get_by_text("You have no jobs yet.")).to_be_visible()


def test_a_token_that_is_no_longer_good_leads_to_the_sign_in(visit: Visit) -> None:
    """With the reason, and then back to where one was."""
    visitor = visit()
    visitor.expects_refusals = True
    page = visitor.sign_in("alice", "secret123")
    page.evaluate(
        "() => { const key = 'headway.session'; const kept = JSON.parse(sessionStorage[key]);"
        " sessionStorage[key] = JSON.stringify({ ...kept, token: 'worn.out.token' }); }"
    )
    page.goto(f"{visitor.url}/#/new/train_model")
    page.reload()
    expect(page.get_by_role("alert")).to_have_text("Your session has ended. Sign in again.")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("secret123")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Train model")).to_be_visible()
