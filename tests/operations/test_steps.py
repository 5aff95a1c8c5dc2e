"""What each step makes of one row, and what a preview shows."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headway.data.samples import bundled_dataset
from headway.job import Json
from headway.operations.pipeline import Pipeline
from headway.operations.preview import preview
from headway.operations.requests.preprocess import PreviewRecipe
from headway.operations.row_steps import row_step, strip_html


def applied(text: str | None, labelled_as: str | None, **step: Json) -> Json:
    (one,) = PreviewRecipe.model_validate({"steps": [step]}).steps
    function = row_step(one, labelled=True)
    assert function is not None
    return function(text, labelled_as)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>one</p><p>two</p>", " one  two "),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("I <3 you", "I <3 you"),
        ("a<br/>b<!-- <b>no</b> -->c", "a b c"),
        ("x<script>if (a < b) { '<p>' }</SCRIPT>y", "x y"),
        ("x<style>p { }</style >y<script>never closed", "x y never closed"),
        ('<a href="/x">link</a> &lt;b&gt; &amp; &eacute;', " link  <b> & é"),
        ("<!DOCTYPE html><?xml?>text", "  text"),
        ("never <closed", "never <closed"),
        ("never <!-- closed <b>bold</b>", "never <!-- closed  bold "),
        ("", ""),
    ],
)
def test_markup_goes_and_text_stays(text: str, expected: str) -> None:
    """What only looks like markup is text."""
    assert strip_html(text) == expected


@given(st.text(alphabet="<>/!-?ab &;script", max_size=200))
def test_any_text_can_be_stripped(text: str) -> None:
    """Whatever is broken in it."""
    assert isinstance(strip_html(text), str)


@pytest.mark.parametrize(
    "piece", ["<!--", "<", "<a", "<script>", "<script", "<style><", "</", "<script></script"]
)
def test_markup_that_never_ends_costs_no_quadratic_time(piece: str) -> None:
    """A megabyte of beginnings is read once, not once for each of them."""
    began = time.process_time()
    strip_html(piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 20


def test_steps_do_to_a_row_what_they_say() -> None:
    """None stands for a row that is dropped."""
    assert applied("A\u00a0 b\n", "x", step="normalise") == ("A b", "x")
    assert applied("\ufb01", "x", step="normalise", form="NFKC") == ("fi", "x")
    assert applied("a  b", "x", step="normalise", white_space=False) == ("a  b", "x")
    assert applied("\u00c4B", None, step="lower_case") == ("\u00e4b", None)
    assert applied(" \n", "x", step="drop_empty") is None
    assert applied("a", None, step="drop_empty") is None
    assert applied("a", None, step="drop_empty", label=False) == ("a", None)
    assert applied("abcd", "x", step="filter_length", most=3) is None
    assert applied("a b c", "x", step="filter_length", most=3, unit="words") == ("a b c", "x")
    assert applied(None, "x", step="filter_length") is None
    assert applied("a", "x", step="filter_labels", drop=["x"]) is None
    assert applied("a", "x", step="filter_labels", keep=["x"]) == ("a", "x")
    assert applied("a", "x", step="map_labels", labels={"x": "y"}) == ("a", "y")
    assert applied("a", "z", step="map_labels", labels={"x": "y"}) == ("a", "z")
    assert applied("a", "z", step="map_labels", labels={"x": "y"}, others="drop") is None


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [{"step": "tidy_up"}],
        [{"step": "split"}, {"step": "lower_case"}],
        [{"step": "balance"}, {"step": "split"}],
        [{"step": "split"}, {"step": "split"}],
        [{"step": "split", "train": 0.9}],
        [{"step": "filter_length", "least": 5, "most": 4}],
        [{"step": "filter_labels"}],
        [{"step": "filter_labels", "keep": ["a"], "drop": ["b"]}],
        [{"step": "map_labels", "labels": {}}],
    ],
)
def test_a_recipe_that_can_never_work_is_refused(steps: list[Json]) -> None:
    """Before a job is made of it."""
    with pytest.raises(ValidationError):
        PreviewRecipe.model_validate({"steps": steps})


def test_a_preview_shows_what_would_become_of_the_first_rows(tmp_path: Path) -> None:
    """With the same report as the job's, and the part each row would be of."""
    recipe = PreviewRecipe.model_validate(
        {"steps": [{"step": "lower_case"}, {"step": "split"}], "rows": 50}
    )
    shown = preview(bundled_dataset("sample", tmp_path), recipe)
    assert (shown["sample"], shown["total"], shown["rows_out"]) == (50, 3_000, 50)
    assert [one["rows_in"] for one in shown["report"]] == [50, 50]
    assert all(row["text"] == row["text"].lower() for row in shown["rows"])
    assert {row["part"] for row in shown["rows"]} == {"train", "validation", "test"}


def test_a_split_is_the_same_on_every_machine() -> None:
    """Neither the process nor the order of equal texts' hashes decides, only the seed."""
    rows = [(number, f"text {number % 17}", "ab"[number % 2]) for number in range(20)]
    recipe = PreviewRecipe.model_validate(
        {"steps": [{"step": "split", "train": 0.5, "validation": 0.2, "test": 0.3}], "seed": 4}
    )
    pipeline = Pipeline(recipe, labelled=True)
    (decision,) = pipeline.decide(rows)
    assert "".join(map(str, decision.parts.tolist())) == "00022211001221200000"
    assert (decision.parts[:3] == decision.parts[17:]).all()
