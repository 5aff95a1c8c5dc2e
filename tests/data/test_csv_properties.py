"""What holds for every file, tried on many that were made up."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from headway.data import csv_reading
from headway.data.csv_clean import read_clean
from headway.data.csv_format import CsvOptions
from headway.data.csv_reading import open_csv
from headway.data.csv_records import RowError
from headway.data.dialects import Dialect
from headway.data.layouts import Layout
from headway.data.tables import Batch
from headway.errors import NotRetryable

QUICK = settings(
    deadline=None,
    max_examples=60,
    # A loaded machine is slow at making examples up, and that says nothing about the reader.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
rows_of_two = st.lists(st.tuples(cells, cells).filter(any), min_size=1, max_size=12)
dialects = st.tuples(
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@contextmanager
def file_of(content: bytes) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        yield path


def batches_of(path: Path, options: CsvOptions, block: int = 4 << 20) -> list[Batch]:
    with open_csv(path, options, block=block) as table:
        return list(table.batches())


def rows_in(batches: list[Batch]) -> list[tuple[str, ...]]:
    return [
        row
        for batch in batches
        for row in zip(*[one.to_pylist() for one in batch.columns], strict=True)
    ]


def told(batches: list[Batch]) -> tuple[list[RowError], list[RowError]]:
    rejected = [error for batch in batches for error in batch.rejected]
    return rejected, [error for batch in batches for error in batch.repaired]


def written(rows: list[tuple[str, str]], delimiter: str, quoting: Literal[0, 1], end: str) -> bytes:
    buffer = io.StringIO(newline="")
    if any(mark in cell for row in rows for cell in row for mark in "\r\n"):
        quoting = csv.QUOTE_ALL  # the writer leaves a line end alone that is not its own
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([("text", "label"), *rows])
    return buffer.getvalue().encode()


@QUICK
@given(rows_of_two, dialects, st.integers(1, 40))
def test_what_python_writes_is_read_back(
    rows: list[tuple[str, str]], dialect: tuple[str, Literal[0, 1], str], block: int
) -> None:
    """In any dialect, any text, and wherever the pieces of the file happen to end."""
    options = CsvOptions(
        delimiter=dialect[0], quote='"', encoding="utf-8", has_header=True, skip_space=False
    )
    with file_of(written(rows, *dialect)) as path:
        found = batches_of(path, options, block)
    assert rows_in(found) == rows
    assert not any(batch.rejected or batch.repaired for batch in found)


@QUICK
@given(st.binary(max_size=400), st.integers(1, 60))
def test_random_bytes_are_read_or_refused(content: bytes, block: int) -> None:
    """Never a crash, never an endless loop; places only move on."""
    with file_of(content) as path:
        try:
            found = batches_of(path, CsvOptions(), block)
        except NotRetryable:
            return
    assert all(one.after.offset < two.after.offset for one, two in pairwise(found))


odd = st.lists(
    st.sampled_from(['"', ",", "\n", "\r\n", "\r", "a", "bc", '""', "\0", "\xe9", " ", "1,2"]),
    max_size=60,
).map("".join)


@QUICK
@given(odd, st.integers(1, 30))
def test_no_record_is_lost_wherever_pieces_end(text: str, block: int) -> None:
    """Small pieces give what one piece gives: the same rows, the same errors, each line once."""
    options = CsvOptions(
        delimiter=",", quote='"', encoding="utf-8", has_header=True, skip_space=False
    )
    with file_of(b"a,b\n1,2\n" + text.encode()) as path:
        whole, parts = batches_of(path, options), batches_of(path, options, block)
    assert rows_in(whole) == rows_in(parts)
    assert told(whole) == told(parts)
    assert sum(one.seen for one in whole) == sum(one.seen for one in parts)
    assert sum(one.blank for one in whole) == sum(one.blank for one in parts)


# Mostly well-formed, so that the fast way answers, with now and then something that it must leave.
plain = st.sampled_from(["a", "bc d", "", " ", "1", "\xe9\u4e2d", "x" * 40])
quoted = st.lists(
    st.sampled_from(["a", '""', ",", ";", "\t", "|", "\n", "\r\n", " ", "\xe9"]), max_size=6
)
well_formed = plain | quoted.map(lambda pieces: '"' + "".join(pieces) + '"')
strange = st.sampled_from(['a"b', '"a"b', '"', "\0", "a\rb", '\\"', "'", '"a" ', ' "a"'])
mostly_clean = st.lists(
    st.lists(
        st.integers(0, 19).flatmap(lambda n: well_formed if n else strange), min_size=1, max_size=4
    ),
    max_size=12,
)


def as_read(path: Path, options: CsvOptions, block: int) -> object:
    """All that is said of a file: rows, errors and repairs with their lines, blanks, each row's line."""
    found = batches_of(path, options, block)
    lines = [batch.lines[row] for batch in found for row in range(batch.rows)]
    blank = sum(batch.blank for batch in found)
    return rows_in(found), lines, told(found), blank, found[-1].after if found else None


@QUICK
@given(
    odd | mostly_clean.map(lambda rows: "\n".join(",".join(row) for row in rows)),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(['"', None]),
    st.sampled_from(["utf-8", "cp1252", "utf-16"]),
    st.sampled_from([7, 64, 4 << 20]),
)
def test_the_fast_way_and_the_careful_way_agree(
    text: str, delimiter: str, end: str, quote: str | None, encoding: str, block: int
) -> None:
    """In all they say, wherever the fast one dares to answer."""
    options = CsvOptions(
        delimiter=delimiter, quote=quote, encoding=encoding, has_header=True, skip_space=False
    )
    text = f"a,b\n1,2\n{text}\n".replace(",", delimiter).replace("\n", end)
    with file_of(text.encode(encoding, "replace")) as path:
        fast = as_read(path, options, block)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_reading, "read_clean", lambda *_: None)
            careful = as_read(path, options, block)
    assert fast == careful


@QUICK
@given(st.lists(st.lists(well_formed, min_size=2, max_size=2), min_size=1, max_size=12))
def test_the_fast_way_answers_what_is_well_formed(rows: list[list[str]]) -> None:
    """Else it would be fast for nothing."""
    text = "".join(f"a,{one},{two}\n" for one, two in rows)
    layout = Layout(("a", "b", "c"), 3, True, 1, (), 2, 1.0)
    assume("\n\n" not in text and text.count("\r") == text.count("\r\n") and "\n\r" not in text)
    found = read_clean(text.encode(), "utf-8", Dialect(), layout)
    assert found is not None
    assert [column.to_pylist() for column in found] == list(
        map(list, zip(*csv.reader(io.StringIO(text, newline="")), strict=True))
    )


@QUICK
@given(odd, st.integers(1, 30))
def test_reading_goes_on_from_any_place(text: str, block: int) -> None:
    """As if it had never stopped."""
    options = CsvOptions(
        delimiter=",", quote='"', encoding="utf-8", has_header=True, skip_space=False
    )
    with file_of(b"a,b\n1,2\n" + text.encode()) as path:
        found = batches_of(path, options, block)
        for number, batch in enumerate(found):
            with open_csv(path, options, block=block) as table:
                rest = list(table.batches(batch.after))
            assert rows_in(rest) == rows_in(found[number + 1 :])
            assert [e for one in rest for e in one.rejected] == [
                e for one in found[number + 1 :] for e in one.rejected
            ]
