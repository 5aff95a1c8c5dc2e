"""Data sets, models and workers, as the dashboard shows them."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.visitor import submit

pytestmark = pytest.mark.service("chromium")


def completed(page: Page) -> None:
    expect(page.get_by_text("completed after")).to_be_visible()


def test_a_data_set_shows_its_labels_columns_and_rows(alice: Page) -> None:
    """From the job that made it one comes to it, and from it to a training."""
    submit(alice, "import_csv", name="shown")
    completed(alice)
    alice.get_by_role("link", name="shown@1").click()
    expect(alice.get_by_role("heading", name="shown version 1")).to_be_visible()
    expect(alice.get_by_role("table", name="Labels").get_by_role("row")).to_have_count(6)
    rows = alice.get_by_role("region", name="Rows")
    expect(rows.get_by_role("row")).to_have_count(21)
    alice.get_by_role("button", name="After").click()
    expect(rows.get_by_role("row").nth(1)).to_contain_text("20")
    assert violations(alice) == []
    alice.get_by_role("link", name="Train on it").click()
    expect(alice.get_by_label("Data", exact=True)).to_have_value("shown@1")
    alice.get_by_role("link", name="Data", exact=True).click()
    expect(alice.get_by_role("link", name="shown", exact=True)).to_be_visible()
    assert violations(alice) == []


def test_many_labels_are_shown_on_wish(alice: Page, tmp_path: Path) -> None:
    """The most frequent ones come first, in columns that keep their places."""
    file = tmp_path / "many.csv"
    rows = [f"text {number},label {number % 12}" for number in range(50)]
    file.write_text("\n".join(["text,label", *rows]))
    alice.evaluate("location.hash = '#/new/import_csv'")
    alice.get_by_label("CSV file").set_input_files(file)
    alice.get_by_label("Name", exact=True).fill("many")
    alice.get_by_role("button", name="Submit job").click()
    completed(alice)
    alice.get_by_role("link", name="many@1").click()
    labels = alice.get_by_role("table", name="Labels").get_by_role("row")
    expect(labels).to_have_count(10)
    expect(labels.first).to_contain_text("label 0")
    alice.get_by_role("button", name="Show all 12").click()
    expect(labels).to_have_count(12)
    expect(alice.get_by_role("button", name="Show the first 10")).to_be_focused()
    bars = alice.locator(".label-bar").all()
    assert len({box["x"] for bar in bars if (box := bar.bounding_box())}) == 1
    assert violations(alice) == []


def test_a_model_is_compared_promoted_rolled_back_and_tried(alice: Page) -> None:
    """Each by the API; the alias stands beside the version it points to."""
    for epochs in ("1", "4"):
        submit(alice, "train_model", data="sample", name="twice", epochs=epochs)
        completed(alice)
    alice.get_by_role("link", name="twice@2").click()
    expect(alice.get_by_role("heading", name="twice version 2")).to_be_visible()
    alice.get_by_label("Compare with").select_option("version 1")
    compared = alice.get_by_role("region", name="Comparison")
    expect(compared.get_by_role("row", name=re.compile("Accuracy"))).to_contain_text("%")
    marks = alice.locator(".heading .alias")
    alice.get_by_role("button", name="Promote version 2").click()
    expect(marks).to_have_text("champion")
    alice.get_by_role("link", name="Version 1").click()
    alice.get_by_role("button", name="Promote version 1").click()
    expect(marks).to_have_text("champion")
    alice.get_by_role("button", name="Roll back").click()
    expect(marks).to_have_count(0)
    expect(alice.get_by_role("listitem").filter(has_text=re.compile("Version 2"))).to_contain_text(
        "champion"
    )
    moves = alice.get_by_role("list", name="History of champion").get_by_role("listitem")
    expect(moves).to_have_count(3)
    for move, version in enumerate((2, 1, 2)):
        expect(moves.nth(move)).to_contain_text(f"version {version}")
        expect(moves.nth(move)).to_contain_text("by alice")
    alice.get_by_placeholder("My invoice is wrong").fill("I cannot sign in")
    alice.get_by_role("button", name="Classify").click()
    expect(alice.get_by_role("table", name="Probabilities").get_by_role("row")).to_have_count(6)
    assert violations(alice) == []
    alice.get_by_role("link", name="Models", exact=True).first.click()
    expect(alice.get_by_role("link", name="twice", exact=True)).to_be_visible()
    assert violations(alice) == []


def test_a_model_tells_where_it_came_from_and_what_it_was_used_for(alice: Page) -> None:
    """Job by job, from the file's data set to the predictions, with the way to each of them."""
    submit(alice, "import_csv", name="origin")
    completed(alice)
    submit(alice, "train_model", data="origin", name="offspring", epochs="1", alias="newest")
    completed(alice)
    submit(alice, "batch_predict", data="origin", model="offspring")
    completed(alice)
    alice.evaluate("location.hash = '#/models/offspring'")
    rows = alice.get_by_role("region", name="Where it came from").locator("tbody tr")
    expect(rows).to_have_count(3)
    for row, told in enumerate(["Import CSV", "Train model", "Batch predict"]):
        expect(rows.nth(row)).to_contain_text(told)
    expect(rows.nth(1)).to_contain_text("offspring@1")
    moved = alice.get_by_role("list", name="History of newest").get_by_role("listitem")
    expect(moved).to_contain_text(re.compile("version 1 .* by job"))
    assert violations(alice) == []
    rows.nth(1).get_by_role("link", name="origin@1").click()
    expect(alice.get_by_role("heading", name="origin version 1")).to_be_visible()
    expect(alice.get_by_role("region", name="Where it came from")).to_be_visible()


def test_workers_and_queues_are_shown(alice: Page) -> None:
    """Who lives, and what ended in the last hour."""
    submit(alice, "nothing", note="counted")
    completed(alice)
    alice.get_by_role("link", name="Workers").click()
    expect(alice.get_by_role("region", name="Alive").get_by_role("row")).to_have_count(2)
    expect(alice.get_by_text("s ago")).to_be_visible()
    operations = alice.get_by_role("region", name="Operations")
    expect(operations.get_by_role("row", name=re.compile("Nothing"))).to_be_visible()
    expect(alice.get_by_role("img", name=re.compile("^Jobs ended: completed"))).to_be_visible()
    assert violations(alice) == []
