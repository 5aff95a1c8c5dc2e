"""What is typed into a form is what is sent, and every mistake in it can be seen."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.service("chromium")


def open_form(page: Page, operation: str) -> None:
    page.evaluate("operation => { location.hash = `#/new/${operation}` }", operation)
    expect(page.get_by_role("button", name="Submit job")).to_be_enabled()


def is_refused_at(page: Page, label: str, problem: str) -> None:
    field = page.get_by_label(label, exact=True)
    expect(field).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(page.locator(".field-problem")).to_contain_text(problem)


def test_half_a_number_is_no_number(alice: Page) -> None:
    """Neither the default nor nothing is sent in its place."""
    open_form(alice, "train_model")
    alice.get_by_label("Data", exact=True).fill("sample")
    alice.get_by_label("Epochs", exact=True).fill("")
    alice.get_by_label("Epochs", exact=True).press_sequentially("1e")
    alice.get_by_role("button", name="Submit job").click()
    is_refused_at(alice, "Epochs", "Expected a number.")
    alice.get_by_label("Epochs", exact=True).press_sequentially("0")
    alice.get_by_role("button", name="Submit job").click()
    expect(alice.get_by_role("heading", name="Facts")).to_be_visible()


def test_half_a_number_among_the_terms_is_shown(alice: Page) -> None:
    """They open for it."""
    open_form(alice, "nothing")
    alice.get_by_text("When and how it runs").click()
    alice.get_by_label("Time limit", exact=True).press_sequentially("3e")
    alice.get_by_text("When and how it runs").click()
    expect(alice.get_by_label("Time limit", exact=True)).to_be_hidden()
    alice.get_by_role("button", name="Submit job").click()
    is_refused_at(alice, "Time limit", "Expected a number.")


def test_a_term_that_the_service_refuses_is_shown(visit: Visit) -> None:
    """Though it came by the address, and they were never opened."""
    visitor = visit()
    visitor.expects_refusals = True
    page = visitor.sign_in("alice", "secret123")
    open_form(page, "nothing?run_at=tomorrow")
    page.get_by_role("button", name="Submit job").click()
    is_refused_at(page, "Not before", "valid datetime")


def test_what_may_be_of_several_types_can_be_chosen_or_written(alice: Page) -> None:
    """The choices have names; anything else is JSON, in a field that is checked as such."""
    open_form(alice, "train_model")
    alice.get_by_label("Data", exact=True).fill("sample")
    alice.get_by_label("Epochs", exact=True).fill("1")
    weights = alice.get_by_label("Class weights", exact=True)
    expect(weights.get_by_role("option")).to_have_text(["Automatic", "Balanced", "Other, as JSON"])
    weights.select_option("Other, as JSON")
    written = alice.get_by_label("Class weights as JSON")
    written.fill('{"billing": 2')
    alice.get_by_role("button", name="Submit job").click()
    is_refused_at(alice, "Class weights as JSON", "Expected JSON")
    written.fill('{"billing": 2}')
    with alice.expect_request("**/api/v1/jobs") as sent:
        alice.get_by_role("button", name="Submit job").click()
    body = json.loads(sent.value.post_data or "")
    assert body["input"] == {"data": "sample", "epochs": 1, "class_weights": {"billing": 2}}
    expect(alice.get_by_role("heading", name="Facts")).to_be_visible()


def test_what_nobody_chose_says_what_comes_of_it(alice: Page) -> None:
    """And what is mostly found out by itself stands behind what is not."""
    open_form(alice, "import_csv")
    expect(alice.get_by_label("Max errors", exact=True)).to_be_visible()
    expect(alice.get_by_label("Delimiter", exact=True)).to_be_hidden()
    alice.get_by_text("More options").click()
    expect(alice.get_by_label("Delimiter", exact=True)).to_be_visible()
    quote = alice.get_by_label("Quote", exact=True)
    expect(quote.get_by_role("option").first).to_have_text("Automatic")
    open_form(alice, "preprocess")
    steps = alice.get_by_label("Steps").get_attribute("placeholder") or ""
    assert json.loads(steps)[0] == {"step": "strip_html"}
    alice.get_by_text("When and how it runs").click()
    priority = alice.get_by_label("Priority", exact=True)
    expect(priority.get_by_role("option").first).to_have_text("Default (normal)")
