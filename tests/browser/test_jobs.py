"""What people do with the dashboard, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import Visit
from tests.browser.visitor import bar_is_at, submit
from tests.http.conftest import Gate

pytestmark = pytest.mark.service("chromium")

CSV = "text,label\nmy invoice is wrong,billing\nthe app crashes,bug\nbroken\n"


def status_is(page: Page, word: str) -> None:
    expect(page.locator(".heading .status")).to_have_text(re.compile(word))


def test_a_wrong_password_is_told_and_the_right_one_lets_in(visit: Visit) -> None:
    """The token is in no address, and signing out forgets it."""
    visitor = visit()
    visitor.expects_refusals = True
    page = visitor.page
    page.goto(visitor.url)
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong user name or password.")
    page.get_by_label("Password").fill("secret123")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    assert "eyJ" not in page.url
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_job_is_submitted_and_watched_to_its_end(alice: Page, gate: Gate) -> None:
    """The bar moves with each step, and reaches 100 %; the log and the curve come along."""
    submit(alice, "steps", gate=str(gate.folder), steps="4")
    status_is(alice, "Running")
    gate.open()
    bar_is_at(alice, "25")
    expect(alice.get_by_role("log")).to_contain_text("step 1")
    gate.open()
    bar_is_at(alice, "50")
    expect(alice.get_by_role("img", name=re.compile("Height: Height 1"))).to_be_visible()
    gate.open(2)
    bar_is_at(alice, "100")
    status_is(alice, "Completed")
    expect(alice.get_by_role("region", name="Results").get_by_role("row")).to_have_count(5)
    expect(alice.get_by_text("completed after")).to_be_visible()
    with alice.expect_download() as saved:
        alice.get_by_role("button", name="CSV").click()
    assert saved.value.suggested_filename.endswith(".csv")
    assert "odd" in Path(saved.value.path()).read_text()


def test_a_running_job_is_cancelled_and_retried(alice: Page, gate: Gate) -> None:
    """It asks first; after the retry the job goes on where it was."""
    submit(alice, "steps", gate=str(gate.folder), steps="2")
    gate.open()
    bar_is_at(alice, "50")
    alice.get_by_role("button", name="Cancel").click()
    alice.get_by_role("button", name="Keep it").click()
    expect(alice.get_by_role("dialog")).to_be_hidden()
    status_is(alice, "Running")
    alice.get_by_role("button", name="Cancel").click()
    alice.get_by_role("button", name="Cancel the job").click()
    status_is(alice, "Cancelled")
    gate.open()
    alice.get_by_role("button", name="Retry", exact=True).click()
    status_is(alice, "Completed")
    bar_is_at(alice, "100")


def test_failed_items_are_tried_again_in_their_place(alice: Page, gate: Gate) -> None:
    """From the page of a job that has completed; its results show what came of it."""
    submit(alice, "moody", gate=str(gate.folder), steps="4")
    status_is(alice, "Completed")
    results = alice.get_by_role("region", name="Results")
    alice.get_by_label("Only failed (2)").check()
    expect(results.get_by_role("row")).to_have_count(3)
    alice.get_by_label("Only failed (2)").uncheck()
    expect(results.get_by_role("row")).to_have_count(5)
    gate.open()
    alice.get_by_role("button", name="Retry failed items").click()
    expect(results).to_contain_text("better")
    expect(results).not_to_contain_text("bad")
    expect(alice.get_by_role("button", name="Retry failed items")).to_be_hidden()


def test_a_mistake_is_told_beside_its_field(visit: Visit) -> None:
    """What the service refuses points to the field as well."""
    visitor = visit()
    visitor.expects_refusals = True
    page = visitor.sign_in("alice", "secret123")
    page.get_by_role("link", name="New job").first.click()
    page.get_by_role("link", name="Train model", exact=True).click()
    page.get_by_label("Data", exact=True).fill("sample")
    page.get_by_label("Epochs", exact=True).fill("0")
    page.get_by_role("button", name="Submit job").click()
    field = page.get_by_label("Epochs", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(page.locator(".field-problem")).to_contain_text("greater than or equal to 1")
    expect(page.get_by_role("button", name="Submit job")).to_be_enabled()


def test_training_draws_curves_and_evaluation_a_matrix(alice: Page) -> None:
    """Each from the numbers of its job, and there for those too who do not see it."""
    submit(alice, "train_model", data="sample", epochs="3", name="dashboard")
    expect(alice.get_by_role("img", name=re.compile("^Loss: .*after 3 steps"))).to_be_visible()
    expect(alice.get_by_role("img", name=re.compile("^Accuracy: .*after 3 steps"))).to_be_visible()
    expect(alice.locator("canvas")).to_have_count(2)
    status_is(alice, "Completed")
    alice.get_by_text("Numbers").first.click()
    expect(alice.get_by_role("region", name="Numbers").get_by_role("row")).to_have_count(4)
    expect(alice.get_by_text("completed after")).to_be_visible()
    assert violations(alice) == []
    submit(alice, "evaluate_model", data="sample", model="dashboard")
    matrix = alice.get_by_role("region", name="Confusion")
    expect(matrix.get_by_role("row")).to_have_count(7)
    expect(matrix.get_by_role("columnheader")).to_have_count(6)
    expect(alice.get_by_text("completed after")).to_be_visible()
    assert violations(alice) == []


def test_a_dropped_file_is_imported(alice: Page, tmp_path: Path) -> None:
    """Its broken row is told."""
    (tmp_path / "tickets.csv").write_text(CSV)
    alice.evaluate("location.hash = '#/new/import_csv'")
    expect(alice.get_by_text("Drop a CSV file here")).to_be_visible()
    carried = alice.evaluate_handle(
        "text => { const all = new DataTransfer();"
        " all.items.add(new File([text], 'tickets.csv', { type: 'text/csv' })); return all; }",
        CSV,
    )
    alice.dispatch_event(".drop", "drop", {"dataTransfer": carried})
    expect(alice.locator(".drop")).to_contain_text("tickets.csv")
    alice.get_by_label("Name", exact=True).fill("dropped")
    alice.get_by_role("button", name="Submit job").click()
    status_is(alice, "Completed")
    expect(alice.get_by_text("1 broken row")).to_be_visible()
    figures = alice.locator("section", has=alice.get_by_role("heading", name="Figures"))
    expect(figures.locator("div", has_text="Row errors")).to_contain_text("1")
    expect(alice.locator("canvas")).to_have_count(0)  # one look at the counts is no curve
    alice.evaluate("location.hash = '#/new/import_csv'")
    alice.get_by_label("CSV file").set_input_files(tmp_path / "tickets.csv")
    expect(alice.locator(".drop")).to_contain_text("tickets.csv")


def test_jobs_are_filtered_and_walked_through_by_keys(alice: Page) -> None:
    """By status, kind and text; the arrows move, Enter opens, the slash searches."""
    submit(alice, "nothing", note="one")
    status_is(alice, "Completed")
    submit(alice, "fail", note="a reason of its own")
    status_is(alice, "Failed")
    alice.get_by_role("link", name="Jobs").first.click()
    jobs = alice.get_by_role("table", name="Jobs").get_by_role("row")
    expect(jobs.nth(1)).to_contain_text("a reason of its own")
    alice.get_by_role("button", name="Failed").click()
    expect(alice.get_by_role("button", name="Failed")).to_have_attribute("aria-pressed", "true")
    expect(jobs.filter(has_text="Nothing")).to_have_count(0)
    alice.get_by_label("Kind").select_option("nothing")
    expect(alice.get_by_text("No job fits this choice.")).to_be_visible()
    alice.get_by_role("link", name="Show all jobs").click()
    alice.keyboard.press("/")
    expect(alice.get_by_role("searchbox")).to_be_focused()
    alice.keyboard.type("of its own")
    expect(jobs).to_have_count(2)
    alice.get_by_role("searchbox").fill("")
    first, second = (jobs.nth(row).get_by_role("link") for row in (1, 2))
    first.focus()
    alice.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    alice.keyboard.press("Enter")
    expect(alice.get_by_role("heading", name="Facts")).to_be_visible()
