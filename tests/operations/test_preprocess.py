import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.data.dataset_writing import CHUNK_ROWS
from headway.data.datasets import Dataset
from headway.data.samples import bundled_rows
from headway.errors import Cancelled, Interrupted, NotRetryable
from headway.job import Json
from headway.operations import writing_pass
from headway.operations.preprocess import preprocess
from headway.operations.requests.preprocess import Balance, Preprocess
from headway.operations.set_steps import MOST_COPIES, Marks, balance
from tests.operations.conftest import write
from tests.operations.fake_context import FakeContext

MESSY = [
    ("1", "<p>Where  is\u00a0my <b>parcel</b>?</p>", "Delivery"),
    ("2", "where is my parcel ?", "delivery"),
    ("3", "I &amp; my wife cannot sign in", "login"),
    ("4", "", "login"),
    ("5", "ok", "login"),
    ("6", "cafe\u0301 is closed", ""),
    ("7", "WHERE IS MY PARCEL ?", "delivery"),
]
TIDY = [
    {"step": "strip_html"},
    {"step": "normalise"},
    {"step": "lower_case"},
    {"step": "drop_empty"},
    {"step": "filter_length", "least": 2, "unit": "words"},
    {"step": "map_labels", "labels": {"Delivery": "delivery"}},
    {"step": "drop_duplicates"},
]
SPLIT = {"step": "split", "train": 0.6, "validation": 0.2, "test": 0.2}


def dataset(path: Path, rows: Sequence[Sequence[str]], names: tuple[str, ...]) -> Artifact:
    write(path, names, rows)
    return Artifact(id=path.stem, kind="dataset", name=path.stem, path=path, sha256=hash_file(path))


@pytest.fixture
def messy(tmp_path: Path) -> Artifact:
    """Seven rows with everything in them, and a column that no step is about."""
    return dataset(tmp_path / "messy.parquet", MESSY, ("id", "text", "label"))


def recipe(*steps: Json, **options: Json) -> Preprocess:
    return Preprocess.model_validate({"data": "any", "steps": list(steps), **options})


def rows_of(ctx: FakeContext, at: int, folder: Path) -> list[tuple[str | None, ...]]:
    """The rows of the data set published as number `at`."""
    path = folder / "published.parquet"
    path.write_bytes(ctx.published[at].content)
    data = Dataset(path)
    chunks = [chunk.columns for chunk in data.read(data.names)]
    return [row for chunk in chunks for row in zip(*(chunk[n] for n in data.names), strict=True)]


def test_messy_rows_come_out_tidy_with_a_report(tmp_path: Path, messy: Artifact) -> None:
    """Every step says how many rows came, went on and were changed, with examples."""
    ctx = FakeContext(tmp_path, {"data": messy})
    result = preprocess(recipe(*TIDY), ctx)
    assert rows_of(ctx, 0, tmp_path) == [
        ("1", "where is my parcel ?", "delivery"),
        ("3", "i & my wife cannot sign in", "login"),
    ]
    counts = [
        (one["step"], one["rows_in"], one["rows_out"], one["changed"]) for one in result["report"]
    ]
    assert counts == [
        ("strip_html", 7, 7, 2),
        ("normalise", 7, 7, 2),
        ("lower_case", 7, 7, 3),
        ("drop_empty", 7, 5, 0),
        ("filter_length", 5, 4, 0),
        ("map_labels", 4, 4, 1),
        ("drop_duplicates", 4, 2, 0),
    ]
    assert result["report"][2]["examples"][0]["after"][0]["text"] == "where is my parcel ?"
    assert result["report"][4]["examples"] == [
        {"row": 4, "before": {"text": "ok", "label": "login"}, "after": []}
    ]
    (made,) = result["datasets"]
    assert (made["name"], made["rows"], made["labels"]) == (
        "messy-clean",
        2,
        {"delivery": 1, "login": 1},
    )
    assert ctx.published[0].meta["recipe"]["steps"][0] == {"step": "strip_html"}


def test_a_split_keeps_shares_and_parts_no_equal_texts(tmp_path: Path) -> None:
    """Of each label every part has its share to within the largest group of equal texts, no text is
    in two parts, and no row is lost."""
    rows = list(bundled_rows("sample"))
    rows += rows[:300]
    data = dataset(tmp_path / "twice.parquet", rows, ("text", "label"))
    ctx = FakeContext(tmp_path, {"data": data})
    result = preprocess(recipe(SPLIT, name="new"), ctx)
    assert [one["name"] for one in result["datasets"]] == [
        "new-train",
        "new-validation",
        "new-test",
    ]
    parts = [rows_of(ctx, at, tmp_path) for at in range(3)]
    assert Counter(row for part in parts for row in part) == Counter(rows)
    texts = [{text for text, _ in part} for part in parts]
    assert not texts[0] & texts[1] | texts[0] & texts[2] | texts[1] & texts[2]
    largest = max(Counter(text for text, _ in rows).values())
    for label, total in Counter(label for _, label in rows).items():
        for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
            mine = sum(one == label for _, one in part)
            assert abs(mine - share * total) <= 3 * largest


def test_the_same_seed_splits_alike_and_another_one_does_not(tmp_path: Path) -> None:
    """The data sets have the same bytes."""
    data = dataset(tmp_path / "some.parquet", list(bundled_rows("sample"))[:500], ("text", "label"))
    hashes = []
    for seed in (1, 1, 2):
        result = preprocess(recipe(SPLIT, seed=seed), FakeContext(tmp_path, {"data": data}))
        hashes.append([one["sha256"] for one in result["datasets"]])
    assert hashes[0] == hashes[1]
    assert hashes[0][0] != hashes[2][0]


@pytest.mark.parametrize(("method", "expected"), [("undersample", 60), ("oversample", 300)])
def test_balance_gives_every_label_the_same_number_of_rows(
    tmp_path: Path, method: str, expected: int
) -> None:
    """By dropping rows of the frequent ones or by repeating those of the rare ones."""
    rows = [(f"text {n}", "often" if n % 6 else "rare") for n in range(360)]
    data = dataset(tmp_path / "uneven.parquet", rows, ("text", "label"))
    ctx = FakeContext(tmp_path, {"data": data})
    result = preprocess(recipe({"step": "balance", "method": method}), ctx)
    assert result["datasets"][0]["labels"] == {"often": expected, "rare": expected}
    assert set(rows_of(ctx, 0, tmp_path)) <= set(rows)


def test_rows_without_a_label_are_no_label_to_balance(tmp_path: Path) -> None:
    """Two of them among a thousand cost no row of the others, and stay."""
    rows = [(f"text {n}", "ab"[n % 2]) for n in range(1_000)] + [("one", ""), ("other", "")]
    ctx = FakeContext(tmp_path, {"data": dataset(tmp_path / "d.parquet", rows, ("text", "label"))})
    result = preprocess(recipe({"step": "balance"}), ctx)
    assert result["datasets"][0]["labels"] == {"a": 500, "b": 500}
    assert result["datasets"][0]["rows"] == 1_002


def test_to_balance_many_labels_takes_no_look_at_all_rows_for_each() -> None:
    """Twenty thousand labels of two rows and one of three."""
    labels = np.repeat(np.arange(20_001, dtype=np.int32), [2] * 20_000 + [3])
    marks = Marks(np.arange(len(labels), dtype=np.uint64), labels, np.zeros(len(labels), np.int8))
    started = time.thread_time()
    decision = balance(marks, Balance(step="balance"), seed=1)
    assert time.thread_time() - started < 0.5
    assert set(np.bincount(labels, decision.copies)) == {2}


@pytest.mark.parametrize("method", ["undersample", "oversample"])
def test_to_balance_nothing_fails_with_the_reason(
    tmp_path: Path, messy: Artifact, method: str
) -> None:
    """The one of steps that leave nothing."""
    steps = ({"step": "filter_labels", "keep": ["nothing"]}, {"step": "balance", "method": method})
    with pytest.raises(NotRetryable, match="expected the steps to leave rows, got none"):
        preprocess(recipe(*steps), FakeContext(tmp_path, {"data": messy}))


@pytest.mark.parametrize("often", [MOST_COPIES, MOST_COPIES + 1])
def test_a_row_has_no_more_copies_than_can_be_counted(often: int) -> None:
    """Beyond, it would be dropped rather than repeated."""
    labels = np.array([0] * often + [1], dtype=np.int32)
    texts = np.arange(len(labels), dtype=np.uint64)
    marks = Marks(texts, labels, np.zeros(len(labels), dtype=np.int8))
    step = Balance.model_validate({"step": "balance", "method": "oversample"})
    if often > MOST_COPIES:
        with pytest.raises(NotRetryable, match="at most 65,535 copies of a row, got 65,536; under"):
            balance(marks, step, seed=0)
    else:
        assert balance(marks, step, seed=0).copies[-1] == often


def test_of_a_split_only_the_rows_to_train_with_are_balanced(tmp_path: Path) -> None:
    """The others stay as they are found in the world."""
    rows = [(f"text {n}", "often" if n % 6 else "rare") for n in range(360)]
    data = dataset(tmp_path / "uneven.parquet", rows, ("text", "label"))
    steps = (SPLIT, {"step": "balance", "method": "oversample"})
    result = preprocess(recipe(*steps), FakeContext(tmp_path, {"data": data}))
    labels = [one["labels"] for one in result["datasets"]]
    assert labels[0]["often"] == labels[0]["rare"] == pytest.approx(180, abs=1)
    assert labels[2]["rare"] == pytest.approx(12, abs=1)


@pytest.mark.parametrize("checkpoint", [1, 2])
def test_an_interrupted_preprocessing_decides_nothing_twice(
    tmp_path: Path, checkpoint: int
) -> None:
    """The next attempt follows what was decided, and gives the same bytes."""
    rows = [*bundled_rows("sample")][:400]
    data = dataset(tmp_path / "some.parquet", rows + rows[:50], ("text", "label"))
    steps = (
        {"step": "drop_duplicates", "by": "text_and_label"},
        {"step": "lower_case"},
        SPLIT,
        {"step": "balance"},
    )
    whole = FakeContext(tmp_path / "whole", {"data": data})
    expected = preprocess(recipe(*steps), whole)
    first = FakeContext(tmp_path / "parts", {"data": data}, interrupt_at=checkpoint)
    with pytest.raises(Interrupted):
        preprocess(recipe(*steps), first)
    second = first.after()
    assert preprocess(recipe(*steps), second) == expected
    assert [one.content for one in second.published] == [one.content for one in whole.published]
    assert len(first.checkpoints) + len(second.checkpoints) == len(whole.checkpoints) == 2


@pytest.mark.parametrize("split", [True, False])
def test_an_interrupted_writing_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: bool
) -> None:
    """Stopped at each checkpoint, it ends with the bytes and the report of an undisturbed run, and
    passes no row twice through the steps; what was undisturbed leaves nothing behind."""
    monkeypatch.setattr(writing_pass, "CHECKPOINT_ROWS", CHUNK_ROWS)
    rows = [(f"Text {n % 17_000} of <b>many</b>", "ab"[n % 7 == 0]) for n in range(4 * CHUNK_ROWS)]
    data = dataset(tmp_path / "many.parquet", rows, ("text", "label"))
    steps: list[Json] = [{"step": "strip_html"}, {"step": "drop_duplicates"}]
    steps += [SPLIT, {"step": "balance", "method": "oversample"}] if split else []
    whole = FakeContext(tmp_path / "whole", {"data": data})
    expected = preprocess(recipe(*steps), whole)
    ctx = FakeContext(tmp_path / "stopped", {"data": data}, interrupt_at=1)
    stops, result = 0, None
    while result is None:
        try:
            result = preprocess(recipe(*steps), ctx)
        except Interrupted:
            stops += 1
            ctx = ctx.after()
            ctx.interrupt_at = 1
    assert stops == len(whole.checkpoints) >= 5
    assert result == expected
    assert [one.content for one in ctx.published] == [one.content for one in whole.published]
    assert not list((whole.shared / "parts").iterdir())


def test_a_writing_whose_parts_are_gone_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was decided, and to the same end."""
    monkeypatch.setattr(writing_pass, "CHECKPOINT_ROWS", CHUNK_ROWS)
    rows = [(f"text {n}", "a") for n in range(60_000)]
    data = dataset(tmp_path / "many.parquet", rows, ("text", "label"))
    step = {"step": "drop_duplicates"}
    expected = preprocess(recipe(step), FakeContext(tmp_path / "whole", {"data": data}))
    ctx = FakeContext(tmp_path / "stopped", {"data": data}, interrupt_at=12)
    with pytest.raises(Interrupted):
        preprocess(recipe(step), ctx)
    parts = list((ctx.shared / "parts").rglob("*.parquet"))
    assert parts
    parts[0].unlink()
    assert preprocess(recipe(step), ctx.after()) == expected


def test_a_cancel_is_noticed_while_rows_are_read(tmp_path: Path) -> None:
    """And nothing is published."""
    rows = [(f"text {n}", "a") for n in range(12_000)]
    data = dataset(tmp_path / "long.parquet", rows, ("text", "label"))
    ctx = FakeContext(tmp_path, {"data": data}, cancel_at=2)
    with pytest.raises(Cancelled):
        preprocess(recipe({"step": "lower_case"}), ctx)
    assert not ctx.published


def test_steps_that_leave_nothing_fail_with_the_reason(tmp_path: Path, messy: Artifact) -> None:
    """An empty data set is of no use to anybody."""
    ctx = FakeContext(tmp_path, {"data": messy})
    with pytest.raises(NotRetryable, match="expected the steps to leave rows, got none"):
        preprocess(recipe({"step": "filter_labels", "keep": ["nothing"]}), ctx)
    assert not ctx.published


def test_steps_about_labels_need_a_column_of_them(tmp_path: Path) -> None:
    """Others do not."""
    data = dataset(tmp_path / "texts.parquet", [("one",), ("two",)], ("text",))
    with pytest.raises(NotRetryable, match="expected a label column"):
        preprocess(recipe({"step": "balance"}), FakeContext(tmp_path, {"data": data}))
    result = preprocess(recipe({"step": "drop_empty"}), FakeContext(tmp_path, {"data": data}))
    assert result["rows_out"] == 2
