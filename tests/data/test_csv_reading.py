import csv
import gzip
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.data.csv_reading import LONGEST_FIELD, CsvOptions, RowError, open_csv
from headway.errors import NotRetryable
from headway.job import Json

ROOT = Path(__file__).resolve().parents[2]
TORTURE = Path(os.environ.get("HEADWAY_TEST_DATA", ROOT.parent / "shared" / "data")) / "csv-torture"


class Read:
    """A file read to its end."""

    def __init__(self, path: Path, options: CsvOptions) -> None:
        with open_csv(path, options) as table:
            records = list(table.rows())
            self.names, self.detected = table.names, table.detected
            self.bytes_read = table.bytes_read
        self.rows = [one for one in records if not isinstance(one, RowError)]
        self.errors = [one for one in records if isinstance(one, RowError)]


def read(folder: Path, content: str | bytes, **options: Json) -> Read:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Read(path, CsvOptions(**options))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    """Also where another one stands inside the quotes."""
    table = read(tmp_path, 'text,label\n"a, b; c | d\te",x\n'.replace(",", delimiter))
    assert table.names == ["text", "label"]
    assert len(table.rows) == 1


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    """By its mark, by its NULs, or because it is no UTF-8."""
    table = read(tmp_path, "text,label\ncaf\xe9 cr\xe8me,x\nna\xefve,y\n".encode(encoding))
    assert table.names == ["text", "label"]
    assert table.rows == [["caf\xe9 cr\xe8me", "x"], ["na\xefve", "y"]]


def test_an_encoding_that_fails_late_is_still_found(tmp_path: Path) -> None:
    """All of the file is looked at, not its first bytes."""
    table = read(tmp_path, b"text,label\n" + b"a,x\n" * 100_000 + b"caf\xe9,y\n")
    assert table.detected["encoding"] == "cp1252"
    assert table.rows[-1] == ["caf\xe9", "y"]


def test_a_named_encoding_that_is_wrong_says_so(tmp_path: Path) -> None:
    """The user chose it, so it is not corrected behind his back."""
    with pytest.raises(NotRetryable, match="expected text in utf-8, got other bytes"):
        read(tmp_path, b"text,label\ncaf\xe9,x\n", encoding="utf-8")


def test_a_gzipped_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    """A cut one is refused with a sentence."""
    content = gzip.compress(b"text,label\n" + os.urandom(20_000).hex().encode() + b",x\n")
    assert len(read(tmp_path, content).rows) == 1
    with pytest.raises(NotRetryable, match="expected a whole gzip file"):
        read(tmp_path, content[: len(content) // 2])


def test_errors_name_the_line_the_record_begins_on(tmp_path: Path) -> None:
    """Lines are counted as an editor counts them, those inside quotes and blank ones too."""
    table = read(tmp_path, 'text,label\n"two\nlines",x\n\nonly one\na,b,c\n"d",y\n')
    assert [(error.line, error.reason) for error in table.errors] == [
        (5, "expected 2 fields, got 1"),
        (6, "expected 2 fields, got 3"),
    ]
    assert table.errors[1].text == "a,b,c"
    assert table.rows == [["two\nlines", "x"], ["d", "y"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(tmp_path: Path, end: str) -> None:
    """Bare carriage returns included."""
    table = read(tmp_path, end.join(["text,label", "a,x", "b,y"]))
    assert table.rows == [["a", "x"], ["b", "y"]]


def test_a_nul_is_a_row_error(tmp_path: Path) -> None:
    """No database or terminal downstream has to swallow it."""
    table = read(tmp_path, "text,label\na\0b,x\nc,y\n")
    assert [error.reason for error in table.errors] == ["expected text, got a NUL character"]
    assert "\0" not in table.errors[0].text
    assert table.rows == [["c", "y"]]


def test_fields_over_128_kilobytes_are_read(tmp_path: Path) -> None:
    """Where Python's reader stops by default."""
    assert read(tmp_path, f"text,label\n{'x' * 200_000},y\n").rows[0][0] == "x" * 200_000


def test_a_field_without_an_end_is_one_row_error(tmp_path: Path) -> None:
    """Memory is bounded, and the rows after it are read."""
    table = read(tmp_path, f"text,label\n{'x' * (LONGEST_FIELD + 10)},y\nb,z\n")
    assert [error.line for error in table.errors] == [2]
    assert table.rows == [["b", "z"]]


def test_headers_become_usable_names(tmp_path: Path) -> None:
    """Blank and repeated ones are told apart."""
    assert read(tmp_path, "a,,a,a_2\n1,2,3,4\n", has_header=True).names == [
        "a",
        "column_2",
        "a_2",
        "a_2_2",
    ]


def test_a_first_row_of_data_is_no_header(tmp_path: Path) -> None:
    """Numbers are no names; the user may know better."""
    table = read(tmp_path, "hello,1\nworld,2\n")
    assert (table.names, len(table.rows)) == (["column_1", "column_2"], 2)
    assert len(read(tmp_path, "hello,1\nworld,2\n", has_header=True).rows) == 1
    assert len(read(tmp_path, "text,label\na,b\n", has_header=False).rows) == 2


@pytest.mark.parametrize("content", ["", "\n\n\n", "\ufeff"])
def test_an_empty_file_says_so(tmp_path: Path, content: str) -> None:
    """A byte order mark alone is empty too."""
    with pytest.raises(NotRetryable, match="got an empty file"):
        read(tmp_path, content)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_what_python_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """Any text, quotes and line ends included."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("text", "label"), *rows])
    table = read(
        tmp_path_factory.mktemp("csv"),
        buffer.getvalue(),
        delimiter=",",
        has_header=True,
        encoding="utf-8",
    )
    assert table.rows == [list(row) for row in rows]
    assert table.errors == []


@pytest.mark.skipif(
    not TORTURE.is_dir(), reason=f"no CSV torture files in {TORTURE}; set HEADWAY_TEST_DATA"
)
def test_no_file_in_the_wild_breaks_the_reader() -> None:
    """Each of 474 files is read to its end or refused with a sentence."""
    seen = refused = 0
    for path in sorted(TORTURE.rglob("*")):
        if path.suffix in {".csv", ".gz", ".tsv", ".txt"} and path.name != "MANIFEST.csv":
            try:
                table = Read(path, CsvOptions())
                assert table.bytes_read == path.stat().st_size
            except NotRetryable:
                refused += 1
            seen += 1
    assert seen > 400
    assert refused < 20
