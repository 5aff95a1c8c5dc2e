"""Files of other formats than CSV."""

import errno
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.data.csv_format import CsvOptions
from headway.data.importing import FileFormat, detect_kind, open_table
from headway.data.json_lines import open_json_lines
from headway.data.tables import Batch, Table
from headway.data.typed import check_types, typed
from headway.errors import NotRetryable


def rows_in(batches: Sequence[Batch]) -> list[tuple[Any, ...]]:
    return [
        row
        for batch in batches
        for row in zip(*[one.to_pylist() for one in batch.columns], strict=True)
    ]


def read(path: Path, kind: FileFormat | None = None) -> tuple[list[str], list[Batch]]:
    with open_table(path, kind) as table:
        return table.names, list(table.batches())


def file(folder: Path, content: str | bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_json_lines_become_columns_of_text(tmp_path: Path) -> None:
    """Fields in the order they are first seen; what is no text is written as JSON."""
    lines = ['{"text": "a\\nb", "n": 1.50, "ok": true}', "", '{"n": null, "text": "c", "x": [1]}']
    names, (batch,) = read(file(tmp_path, "\n".join([*lines, ""])))
    assert names == ["text", "n", "ok", "x"]
    assert rows_in([batch]) == [("a\nb", "1.5", "true", None), ("c", None, None, "[1]")]
    assert (batch.blank, batch.seen, list(batch.lines)) == (1, 3, [1, 3])  # type: ignore[call-overload]


def test_a_line_that_is_no_object_is_an_error_of_its_own(tmp_path: Path) -> None:
    """With its line; so are fields that come too late, NULs and objects without a value."""
    good = '{"a": "x"}\n'
    bad = ['{"a": "open', "[1]", '{"b": "late"}', '{"a": "n\\u0000"}', '{"a": ""}']
    path = file(tmp_path, good * 3 + "\n".join(bad) + "\n" + good)
    with open_json_lines(path, ["a"], block=20) as table:
        found = list(table.batches())
    errors = [error for batch in found for error in batch.rejected]
    assert [error.line for error in errors] == [4, 5, 6, 7, 8]
    assert len(rows_in(found)) == 4
    assert sum(batch.seen for batch in found) == 9


def test_integers_keep_all_their_digits(tmp_path: Path) -> None:
    """Also beyond 64 bits, and inside of other values; what follows is read as ever."""
    lines = [
        '{"id": 123456789012345678901234567890, "at": [18446744073709551617], "x": "é"}',
        '{"id": -7, "at": {"a": 1.5}, "x": "01234567890123456789"}',
        '{"id": ' + "1" * 5_000 + "}",
    ]
    _, (batch,) = read(file(tmp_path, "\n".join([*lines, ""])))
    assert rows_in([batch]) == [
        ("123456789012345678901234567890", "[18446744073709551617]", "é"),
        ("-7", '{"a":1.5}', "01234567890123456789"),
    ]
    assert [error.line for error in batch.rejected] == [3]


def test_lines_that_are_no_rows_of_one_table_are_refused(tmp_path: Path) -> None:
    """Each with a field of its own, they would be millions of cells; with their fields in common, the
    same number is read."""
    with pytest.raises(NotRetryable, match=r"got 2,000 different fields in 2,000\s+lines"):
        read(file(tmp_path, "".join(f'{{"k{n}":1}}\n' for n in range(2_000))), "jsonl")
    many = json.dumps({f"k{n}": 1 for n in range(20_001)})
    with pytest.raises(NotRetryable, match="at most 20000 columns, got: 20001"):
        read(file(tmp_path, many), "jsonl")
    wide = json.dumps({f"k{n}": 1 for n in range(200)}) + "\n"
    names, _ = read(file(tmp_path, wide * 10))
    assert len(names) == 200


@pytest.mark.parametrize("kind", [None, "jsonl"])
def test_an_array_of_objects_is_told_from_json_lines(
    tmp_path: Path, kind: FileFormat | None
) -> None:
    with pytest.raises(NotRetryable, match="expected JSON Lines, got a JSON array"):
        read(file(tmp_path, '[\n  {"text": "a", "label": "x"}\n]\n'), kind)


def test_columns_of_parquet_have_names_of_their_own(tmp_path: Path) -> None:
    """As those of a CSV: a name that comes again gets a number, no name becomes one."""
    columns = [pa.array(["one"]), pa.array(["a"]), pa.array(["b"]), pa.array(["c"])]
    twice = pa.Table.from_arrays(columns, names=["text", "label", "label", ""])
    pq.write_table(twice, tmp_path / "file")
    names, batches = read(tmp_path / "file")
    assert names == ["text", "label", "label_2", "column_4"]
    assert rows_in(batches) == [("one", "a", "b", "c")]


def test_parquet_of_too_many_columns_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"k{n}": [1] for n in range(20_001)}), tmp_path / "file")
    with pytest.raises(NotRetryable, match="at most 20000 columns, got: 20001"):
        read(tmp_path / "file")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), pa.ArrowMemoryError("malloc failed")]
)
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "text"])
def test_what_happens_to_whoever_reads_is_not_blamed_on_the_file(
    tmp_path: Path, kind: FileFormat, error: Exception
) -> None:
    """A full disk and no memory are the machine's, and may be over with the next attempt."""
    if kind == "parquet":
        pq.write_table(pa.table({"text": ["a"]}), tmp_path / "file")
    else:
        file(tmp_path, '{"text": "a"}\n' if kind == "jsonl" else "text,label\na,b\n")
    with pytest.raises(type(error)) as raised, open_table(tmp_path / "file", kind) as table:
        _stumble(table, error)
    assert raised.value is error


def _stumble(table: Table, error: Exception) -> None:
    for _ in table.batches():
        raise error


def test_a_frame_without_content_may_stand_before_zstd(tmp_path: Path) -> None:
    packed = pa.compress(b"text,label\na,b\n", codec="zstd", asbytes=True)
    _, batches = read(file(tmp_path, b"\x53\x2a\x4d\x18\x04\0\0\0skip" + packed))
    assert rows_in(batches) == [("a", "b")]


def test_parquet_becomes_columns_of_text(tmp_path: Path) -> None:
    """Numbers, dates, dictionaries and lists included; a row without values is blank."""
    table = pa.table(
        {
            "n": [1, None, 3],
            "day": [date(2026, 1, 31), None, None],
            "word": pa.array(["a", None, "b"]).dictionary_encode(),
            "list": [[1, 2], None, []],
        }
    )
    pq.write_table(table, tmp_path / "file")
    names, found = read(tmp_path / "file")
    assert names == ["n", "day", "word", "list"]
    assert rows_in(found) == [("1", "2026-01-31", "a", "[1,2]"), ("3", None, "b", "[]")]
    assert sum(batch.blank for batch in found) == 1


def test_parquet_is_read_from_any_row_on(tmp_path: Path) -> None:
    """Across row groups."""
    pq.write_table(pa.table({"n": range(12_000)}), tmp_path / "file", row_group_size=7_000)
    whole = read(tmp_path / "file")[1]
    for number, batch in enumerate(whole):
        with open_table(tmp_path / "file") as table:
            rest = list(table.batches(batch.after))
        assert rows_in(rest) == rows_in(whole[number + 1 :])


def test_a_broken_parquet_file_says_so(tmp_path: Path) -> None:
    """As do one without rows, and names that are too few."""
    pq.write_table(pa.table({"n": ["x"] * 1_000}), tmp_path / "file")
    with pytest.raises(NotRetryable, match="expected a whole Parquet file"):
        read(file(tmp_path, (tmp_path / "file").read_bytes()[:-20]))
    pq.write_table(pa.table({"n": pa.array([], pa.string())}), tmp_path / "file")
    with pytest.raises(NotRetryable, match="expected a Parquet file with rows"):
        read(tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"PAR1...", "parquet"), (b'\xef\xbb\xbf{"a": 1}\n', "jsonl"), (b"{a,b\n1,2\n", "csv")],
)
def test_the_kind_of_file_is_found_out(tmp_path: Path, content: bytes, kind: str) -> None:
    """By its first bytes, whatever its name."""
    assert detect_kind(file(tmp_path, content)) == kind


def test_a_value_of_another_type_rejects_its_row(tmp_path: Path) -> None:
    """With the line it stands on, also behind line ends inside of quotes."""
    content = 'text,stars\n"two\nlines",5\nfine,x\n"a\nb\nc",\nbad,1.5\n'
    with open_table(file(tmp_path, content), options=CsvOptions(has_header=True)) as table:
        types = check_types(table.names, {"stars": "integer"})
        (batch,) = [typed(one, table.names, types) for one in table.batches()]
    assert [(error.line, error.text) for error in batch.rejected] == [(4, "x"), (8, "1.5")]
    assert rows_in([batch]) == [("two\nlines", "5"), ("a\nb\nc", "")]
    assert batch.seen == 4
    with pytest.raises(NotRetryable, match="got one for: 'missing'"):
        check_types(["text"], {"missing": "integer"})
