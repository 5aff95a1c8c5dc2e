"""Everybody can use every page: on a desk and on a phone, in the light and in the dark."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor, submit

pytestmark = pytest.mark.service("chromium")

DESK = 1280
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((DESK, "light"), (390, "dark"))


def is_for_everybody(page: Page) -> None:
    """Fail if axe finds anything on a light desk or a dark phone, or if anything is cut off."""
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 860})
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == [], (page.url, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
    page.set_viewport_size({"width": DESK, "height": 860})


def open_page(visitor: Visitor, address: str, heading: str) -> None:
    visitor.page.evaluate("address => { location.hash = address }", address)
    title = visitor.page.get_by_role("heading", name=heading, exact=True)
    expect(title).to_be_visible()
    expect(visitor.page.locator("main .loading")).to_have_count(0)


def test_the_sign_in_is_accessible(visit: Visit) -> None:
    """Before anybody is known, and after a mistake."""
    visitor = visit()
    visitor.expects_refusals = True
    visitor.page.goto(visitor.url)
    expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    is_for_everybody(visitor.page)
    visitor.page.get_by_label("User name").fill("alice")
    visitor.page.get_by_label("Password").fill("wrong")
    visitor.page.get_by_role("button", name="Sign in").click()
    expect(visitor.page.get_by_role("alert")).to_be_visible()
    is_for_everybody(visitor.page)


def test_every_list_and_form_is_accessible(visit: Visit) -> None:
    """Also where there is nothing to show."""
    visitor = visit()
    page = visitor.sign_in("alice", "secret123")
    submit(page, "nothing", note="one")
    expect(page.get_by_text("completed after")).to_be_visible()
    for address, heading in {
        "#/jobs": "Jobs",
        "#/jobs?text=there is no such text": "Jobs",
        "#/new": "New job",
        "#/new/train_model": "Train model",
        "#/new/import_csv": "Import CSV",
        "#/datasets": "Data sets",
        "#/models": "Models",
        "#/workers": "Workers",
        "#/nowhere": "There is no such page.",
    }.items():
        open_page(visitor, address, heading)
        is_for_everybody(page)


KINDS: list[tuple[str, dict[str, str]]] = [
    ("import_csv", {}),
    ("train_model", {"data": "sample", "name": "readable", "epochs": "2"}),
    ("evaluate_model", {"data": "sample", "model": "default"}),
    ("batch_predict", {"texts": "My invoice is wrong\nThe app crashes"}),
    ("fail", {"note": "a reason"}),
]


@pytest.mark.parametrize(("operation", "fields"), KINDS, ids=[name for name, _ in KINDS])
def test_the_page_of_every_kind_of_job_is_accessible(
    visit: Visit, operation: str, fields: dict[str, str]
) -> None:
    """With its curves, its matrix, its rows, its error."""
    page = visit().sign_in("alice", "secret123")
    submit(page, operation, **fields)
    expect(page.locator(".attempts")).to_contain_text(re.compile("(completed|failed) after"))
    is_for_everybody(page)


def test_what_jobs_make_is_accessible(visit: Visit) -> None:
    """A data set with its rows, a model with its scores."""
    visitor = visit()
    page = visitor.sign_in("alice", "secret123")
    made: dict[str, dict[str, str]] = {
        "import_csv": {"name": "kept"},
        "train_model": {"data": "sample", "name": "kept", "epochs": "1"},
    }
    for operation, fields in made.items():
        submit(page, operation, **fields)
        expect(page.get_by_text("completed after")).to_be_visible()
    for kind in ("datasets", "models"):
        open_page(visitor, f"#/{kind}/kept", "kept version 1")
        is_for_everybody(page)


def test_the_reference_is_accessible(visit: Visit) -> None:
    """With a call opened and ready to be sent."""
    page = visit().sign_in("alice", "secret123")
    page.goto(page.url.split("#")[0] + "docs")
    page.get_by_text("/api/v1/jobs/bulk").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    is_for_everybody(page)
