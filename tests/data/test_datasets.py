from collections.abc import Sequence
from pathlib import Path

import pytest

from headway.data.columns import MAX_LABELS, Column, guess_label_column, guess_text_column
from headway.data.datasets import ROW_GROUP, Dataset, DatasetWriter
from headway.errors import CorruptArtifact, NotRetryable
from headway.job import Json


def written(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> Json:
    with DatasetWriter(path, names) as writer:
        for row in rows:
            writer.add(row)
    return writer.meta()


def column(name: str, values: Sequence[str | None]) -> Column:
    one = Column(name)
    one.add(values)
    return one


ROWS = [(f"text number {i}", "abc"[i % 3]) for i in range(2 * ROW_GROUP + 7)]


def test_a_data_set_can_be_read_from_any_row_on(tmp_path: Path) -> None:
    """The chunks carry the number of their first row, and miss none."""
    path = tmp_path / "d.parquet"
    written(path, ("text", "label"), ROWS)
    for start in (0, 1, ROW_GROUP - 1, ROW_GROUP, 2 * ROW_GROUP + 6, len(ROWS)):
        chunks = list(Dataset(path).read(["text"], start))
        texts = [text for chunk in chunks for text in chunk.columns["text"]]
        assert texts == [text for text, _ in ROWS[start:]]
        if chunks:
            assert chunks[0].start == start


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    """Their hash names the content."""
    one = written(tmp_path / "a", ("text", "label"), ROWS)
    assert one == written(tmp_path / "b", ("text", "label"), ROWS)
    assert one["sha256"] != written(tmp_path / "c", ("text", "label"), ROWS[:-1])["sha256"]


def test_a_summary_tells_what_is_in_it(tmp_path: Path) -> None:
    """Rows, types, empty cells, labels and a few rows to look at."""
    rows = [("good", "3", ""), ("bad", "4", "x" * 300), ("good", "5", "")]
    meta = written(tmp_path / "d", ("opinion", "stars", "note"), rows)
    assert meta["rows"] == 3
    assert [
        (one["name"], one["type"], one["nulls"], one["distinct"]) for one in meta["columns"]
    ] == [
        ("opinion", "text", 0, 2),
        ("stars", "integer", 0, 3),
        ("note", "text", 2, 1),
    ]
    assert meta["sample_rows"][0] == {"opinion": "good", "stars": "3", "note": ""}
    assert len(meta["sample_rows"][1]["note"]) == 200


def test_empty_cells_are_nulls(tmp_path: Path) -> None:
    """So that a reader can tell them from texts."""
    path = tmp_path / "d"
    written(path, ("a", "b"), [("", "x")])
    (chunk,) = Dataset(path).read(["a", "b"])
    assert chunk.columns == {"a": [None], "b": ["x"]}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "+3"], "integer"),
        (["1", "2.5", "1e3", ".5"], "number"),
        (["true", "FALSE", "yes"], "boolean"),
        (["2026-01-31", "2026-01-31T10:00:00Z"], "date"),
        (["1", "two"], "text"),
        (["1", None], "integer"),
        ([None], "text"),
    ],
)
def test_a_type_is_what_every_value_reads_as(values: Sequence[str | None], kind: str) -> None:
    """Empty cells have no say."""
    assert column("x", values).type == kind


@pytest.mark.parametrize("piece", ["1", "1.", "+1", "1e1", ".1", "2026-11-29", "yes", " "])
def test_a_value_made_to_be_tried_in_every_way_costs_no_more_than_another(piece: str) -> None:
    """A pattern with two places for one digit would try a megabyte of them for ten minutes."""
    column = Column("made")
    column.add([piece * (1_000_000 // len(piece)) + "x"])
    assert column.type == "text"


def test_columns_are_guessed_by_name_then_by_shape() -> None:
    """Texts are long, labels are few."""
    named = [column("Label", ["a", "b"]), column("Message", ["x", "y"])]
    assert guess_text_column(named) == "Message"
    assert guess_label_column(named, "Message") == "Label"
    shaped = [
        column("id", [str(i) for i in range(10)]),
        column("what", ["a", "b"] * 5),
        column("said", [f"a long sentence {i}" for i in range(10)]),
    ]
    assert guess_text_column(shaped) == "said"
    assert guess_label_column(shaped, "said") == "what"


def test_a_column_of_many_values_is_counted_in_bounds() -> None:
    """It cannot be a label column."""
    one = column("id", [str(i) for i in range(MAX_LABELS + 1)])
    assert one.labels is None
    assert one.distinct == MAX_LABELS + 1


def test_a_missing_column_says_which_there_are(tmp_path: Path) -> None:
    """Expected, got, and what to do."""
    path = tmp_path / "d"
    written(path, ("a", "b"), [("x", "y")])
    with pytest.raises(NotRetryable, match="expected a text column among 'a', 'b', got: 'c'"):
        Dataset(path).column("c", None, "text")


def test_a_file_that_is_no_data_set_says_so(tmp_path: Path) -> None:
    """Missing or foreign alike."""
    (tmp_path / "x").write_text("no parquet")
    for name in ("x", "missing"):
        with pytest.raises(CorruptArtifact, match="expected a data set in Parquet"):
            Dataset(tmp_path / name)


def test_the_columns_are_those_that_its_writer_found(tmp_path: Path) -> None:
    """Of all rows, of which the first may look otherwise."""
    path = tmp_path / "data.parquet"
    with DatasetWriter(path, ("a", "b", "c")) as writer:
        for n in range(20_000):
            few = n % 2 if n < 5_000 else n % 60
            writer.add((f"p{n % 40}", f"q{few}", f"some longer text number {n}"))
    told = writer.meta()["text_column"], writer.meta()["label_column"]
    assert told == ("c", "a")
    assert Dataset(path, writer.meta()).guessed_columns() == told
