"""Many jobs, many lines, many curves: all of it can be reached, and none of it is in the way."""

import re
from time import monotonic

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.visitor import ask, submit
from tests.http.conftest import Gate

pytestmark = pytest.mark.service("chromium")

LISTS = re.compile(r"/api/v1/jobs\?")


def bulk(page: Page, number: int) -> set[str]:
    """Submit so many jobs in one transaction; their ids."""
    jobs = [{"job_type": "nothing", "input": {"number": one}} for one in range(number)]
    return {one["job_id"] for one in ask(page, "/api/v1/jobs/bulk", {"jobs": jobs})["jobs"]}


def links(page: Page) -> list[str]:
    addresses: list[str] = page.locator("table.jobs th a").evaluate_all(
        "all => all.map((one) => one.getAttribute('href'))"
    )
    return [address.rpartition("/")[2] for address in addresses]


def test_more_jobs_at_once_than_a_page_holds_are_all_found(alice: Page) -> None:
    """The newest at once, the others where the list goes on: no row between them is left out."""
    submit(alice, "nothing", note="known before")
    before = alice.url.rpartition("/")[2]
    alice.evaluate("location.hash = '#/jobs'")
    expect(alice.get_by_role("link", name=before[:8])).to_be_visible()
    made = bulk(alice, 150)
    rows = alice.locator("table.jobs tbody tr")
    expect(rows).to_have_count(100)
    assert set(links(alice)) < made
    alice.get_by_role("button", name="Show older jobs").click()
    expect(alice.get_by_role("link", name=before[:8])).to_be_visible()
    assert made < set(links(alice))


def test_a_job_is_found_among_those_that_are_not_shown(visit: Visit) -> None:
    """By its id directly; by a word of it when one says that older ones be looked through."""
    page = visit().sign_in("alice", "secret123")
    submit(page, "fail", note="a needle in the hay")
    expect(page.locator(".heading .status")).to_have_text(re.compile("Failed"))
    needle = page.url.rpartition("/")[2]
    bulk(page, 120)
    page.evaluate("location.hash = '#/jobs'")
    expect(page.get_by_role("button", name="Show older jobs")).to_be_visible()
    page.reload()
    rows = page.locator("table.jobs tbody tr")
    expect(rows).to_have_count(100)
    page.get_by_role("searchbox").fill("a needle in the hay")
    expect(page.get_by_text("None of the newest 100 jobs fits this choice.")).to_be_visible()
    page.get_by_role("button", name="Search older jobs").click()
    expect(page.get_by_role("link", name=needle[:8])).to_be_visible()
    page.reload()
    page.get_by_role("searchbox").fill("")
    expect(rows).to_have_count(100)
    page.get_by_role("searchbox").fill(needle)
    expect(page.get_by_role("link", name=needle[:8])).to_be_visible()


def test_one_comes_back_to_the_list_as_it_was_left(alice: Page) -> None:
    """With its choice, at the same place, and without loading it first."""
    bulk(alice, 60)
    alice.evaluate("location.hash = '#/jobs'")
    alice.get_by_role("button", name="Completed").click()
    link = alice.locator("table.jobs th a").nth(40)
    link.scroll_into_view_if_needed()
    top = alice.evaluate("scrollY")
    assert top > 0
    link.click()
    expect(alice.get_by_role("heading", name="Facts")).to_be_visible()
    alice.locator(".back a").click()
    chosen = alice.get_by_role("button", name="Completed")
    expect(chosen).to_have_attribute("aria-pressed", "true")
    alice.wait_for_function("top => Math.abs(scrollY - top) < 2", arg=top)


def test_the_list_is_not_loaded_for_what_changes_no_row(alice: Page, gate: Gate) -> None:
    """A job that writes metrics and checkpoints for seconds moves its bar, and costs no list."""
    submit(alice, "steps", gate=str(gate.folder), steps="40")
    short = alice.url.rpartition("/")[2][:8]
    alice.evaluate("location.hash = '#/jobs'")
    row = alice.get_by_role("row").filter(has_text=short)
    expect(row.locator(".took")).to_contain_text("s")
    lists: list[str] = []
    alice.on("request", lambda one: lists.append(one.url) if LISTS.search(one.url) else None)
    began = monotonic()
    for step in range(1, 40):
        gate.open()
        expect(row.locator(".percent")).to_have_text(f"{step * 2.5:g} %")
        if monotonic() - began > 5:
            break
    assert monotonic() - began > 2, "the lists of old would have had no time"
    assert len(lists) <= 1, lists
    gate.open(40)


def test_a_long_log_is_read_page_by_page(alice: Page) -> None:
    """The newest page first; one goes back and comes forth."""
    submit(alice, "talk", lines="1200")
    log = alice.get_by_role("log")
    expect(log).to_contain_text("line 1199")
    expect(log.locator(".line")).to_have_count(500)
    alice.get_by_role("button", name="Previous").click()
    expect(log).to_contain_text("line 699")
    expect(log).not_to_contain_text("line 1199")
    alice.get_by_role("button", name="Previous").click()
    expect(alice.get_by_text(re.compile("1.500 of 1,200"))).to_be_visible()
    expect(alice.get_by_role("button", name="Previous")).to_be_disabled()
    for _ in range(2):
        alice.get_by_role("button", name="Next").click()
    expect(log).to_contain_text("line 1199")


def test_metrics_of_one_step_may_come_in_several_calls(alice: Page) -> None:
    """Each curve has a value for every step, and no two in a chart look alike."""
    submit(alice, "talk", names="11")
    first = alice.get_by_role(
        "img", name=re.compile("^Loss: Loss 0 2.*Loss 7 0.250, after 2 steps")
    )
    expect(first).to_be_visible()
    expect(alice.get_by_role("img", name=re.compile("^Loss, chart 2: Loss 8"))).to_be_visible()
    looks = (
        alice.locator("figure")
        .first.locator(".swatch")
        .evaluate_all("all => all.map((one) => one.className)")
    )
    assert len(set(looks)) == len(looks) == 8
    alice.get_by_text("Numbers").first.click()
    numbers = alice.get_by_role("region", name="Numbers")
    expect(numbers.get_by_role("row")).to_have_count(3)
    expect(numbers).not_to_contain_text("\u2013")


@pytest.mark.parametrize("width", [721, 820, 901, 1041])
def test_no_cell_of_a_row_lies_upon_another(visit: Visit, width: int) -> None:
    """Also where there is room for a table, but not for much of one."""
    page = visit(width=width).sign_in("alice", "secret123")
    submit(page, "evaluate_model", data="sample", model="default")
    short = page.url.rpartition("/")[2][:8]
    page.evaluate("location.hash = '#/jobs'")
    row = page.get_by_role("row").filter(has_text=short)
    name, state = row.locator(".id").bounding_box(), row.locator(".status").bounding_box()
    assert name
    assert state
    beside = name["x"] + name["width"] <= state["x"]
    assert beside or name["y"] + name["height"] <= state["y"], (name, state)
