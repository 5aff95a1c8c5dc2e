"""What the pages do while the service is away, refuses, or does not answer: nobody touches them."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, submit
from tests.http.conftest import Gate

pytestmark = pytest.mark.service("chromium")

API = "**/api/v1/**"
STREAMS = re.compile(r"/stream$")


def refusal(status: int, said: str = "", wait: str = "1") -> Any:
    """Answers as the service does, or as a proxy does that cannot reach it."""

    def answer(route: Route) -> None:
        headers = {"Retry-After": wait}
        if said:
            route.fulfill(status=status, json={"detail": said}, headers=headers)
        else:
            route.fulfill(status=status, body="<h1>Bad Gateway</h1>", content_type="text/html")

    return answer


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    visitor = visit()
    visitor.expects_refusals = True
    return visitor


@pytest.fixture
def alice(visitor: Visitor) -> Page:
    page: Page = visitor.sign_in("alice", "secret123")
    return page


@pytest.mark.parametrize("status", [502, 504])
def test_every_page_gets_over_a_proxy_without_a_service(
    alice: Page, gate: Gate, status: int
) -> None:
    """As over a service that is away: what the proxy says in its place is no refusal."""
    submit(alice, "steps", gate=str(gate.folder), steps="1")
    job = alice.url.partition("#")[2]
    for address in (job, "/jobs", "/workers"):
        alice.evaluate("location.hash = '#/new'")
        alice.route(API, refusal(status))
        with alice.expect_response(lambda answer: answer.status == status):
            alice.evaluate("address => { location.hash = `#${address}` }", address)
        alice.unroute(API)
        expect(alice.locator(".connection")).to_have_text("Live")
    gate.open()


def test_a_stream_that_is_refused_for_now_is_told_and_tried_again(alice: Page) -> None:
    """The jobs are there without it, and nobody is asked sooner than he wants to be."""
    submit(alice, "nothing", note="seen without a stream")
    alice.route(STREAMS, refusal(429, "expected at most 20 open streams, got 21"))
    alice.evaluate("location.hash = '#/jobs'")
    expect(alice.get_by_role("table", name="Jobs")).to_be_visible()
    told = alice.get_by_role("alert").filter(has_text="expected at most 20 open streams, got 21")
    expect(told).to_contain_text("Trying again by itself.")
    expect(alice.locator(".connection")).to_have_text("Reconnecting")
    alice.unroute(STREAMS)
    expect(alice.locator(".connection")).to_have_text("Live")
    expect(told).to_have_count(0)


def test_the_jobs_are_there_while_their_stream_hangs(alice: Page) -> None:
    """A connection that never answers keeps nothing else from being shown."""
    submit(alice, "nothing", note="seen without a stream")
    alice.route(STREAMS, lambda _route: None)
    alice.evaluate("location.hash = '#/jobs'")
    expect(alice.get_by_role("table", name="Jobs")).to_be_visible()
    alice.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("page_of", ["job", "jobs"])
def test_a_stream_that_is_refused_for_good_is_asked_for_again_on_wish(
    alice: Page, gate: Gate, page_of: str
) -> None:
    """With the reason, and a button."""
    submit(alice, "steps", gate=str(gate.folder), steps="1")
    address = alice.url.partition("#")[2] if page_of == "job" else "/jobs"
    alice.evaluate("location.hash = '#/new'")
    alice.route(STREAMS, refusal(403, "a stream is not for you"))
    alice.evaluate("address => { location.hash = `#${address}` }", address)
    expect(alice.get_by_role("alert")).to_contain_text("a stream is not for you")
    expect(alice.locator(".connection")).to_have_text("Not connected")
    alice.unroute(STREAMS)
    alice.get_by_role("button", name="Connect again").click()
    expect(alice.locator(".connection")).to_have_text("Live")
    expect(alice.get_by_role("button", name="Connect again")).to_have_count(0)
    gate.open()


def test_the_numbers_of_workers_say_when_they_are_old(alice: Page) -> None:
    """They stay in sight, below the reason and the time at which they were so."""
    alice.evaluate("location.hash = '#/workers'")
    expect(alice.locator(".connection")).to_have_text("Live")
    alice.route(API, refusal(500, "out of order"))
    expect(alice.get_by_role("alert")).to_contain_text("out of order What is shown was so at")
    expect(alice.locator(".connection")).to_have_text("Reconnecting")
    expect(alice.get_by_role("region", name="Alive")).to_be_visible()
    alice.unroute(API)
    expect(alice.locator(".connection")).to_have_text("Live")
    expect(alice.get_by_role("alert")).to_have_count(0)


HIDDEN = """() => {
  let hidden = true;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.comeIntoSight = () => {
    hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}"""


def test_a_tab_that_nobody_sees_has_no_stream(alice: Page) -> None:
    """A browser has six connections to one host, for all of its tabs. Seen, it is live at once."""
    alice.add_init_script(f"({HIDDEN})()")
    streams: list[str] = []
    alice.on(
        "request",
        lambda request: streams.append(request.url) if STREAMS.search(request.url) else None,
    )
    alice.reload()
    expect(alice.locator(".filters")).to_be_visible()
    with alice.expect_response(re.compile(r"/api/v1/jobs\?")):
        alice.evaluate("location.hash = '#/jobs?status=running'")
    assert streams == []
    alice.evaluate("comeIntoSight()")
    expect(alice.locator(".connection")).to_have_text("Live")
