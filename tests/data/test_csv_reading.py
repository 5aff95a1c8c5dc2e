import codecs
import gzip
import os
from pathlib import Path

import pyarrow as pa
import pytest

from headway.data.csv_format import CsvOptions
from headway.data.csv_reading import open_csv
from headway.data.csv_records import RowError
from headway.data.importing import FileFormat, open_table
from headway.data.windows import LONGEST_RECORD
from headway.errors import NotRetryable
from headway.job import Json


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


@pytest.mark.parametrize("kind", ["csv", "text"])
@pytest.mark.parametrize(
    ("mark", "written", "named"),
    [
        (b"", "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF8, "utf-8", "UTF8"),
        (codecs.BOM_UTF8, "latin-1", "latin-1"),
        (b"", "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
        (b"", "hz", "hz"),
    ],
)
def test_whether_there_is_a_mark_is_seen_whatever_encoding_is_named(
    tmp_path: Path, mark: bytes, written: str, named: str, kind: FileFormat
) -> None:
    """Without one no byte is lost, with one no character is added."""
    path = tmp_path / "file"
    path.write_bytes(mark + "text,label\nhello there,a\ngood bye,b\n".encode(written))
    with open_table(path, kind, CsvOptions(encoding=named)) as table:
        lines = [[*column] for one in table.batches() for column in one.columns]
        told = ",".join([*table.names, *(str(cell) for column in lines for cell in column)])
    wanted = {
        "csv": "text,label,hello there,good bye,a,b",
        "text": "text,text,label,hello there,a,good bye,b",
    }
    assert told == wanted[kind]


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


@pytest.mark.parametrize("piece", ["1", "1.", "1 ", "1:", "1-", '""', "a@", "<", " "])
def test_a_cell_made_to_be_tried_in_every_way_costs_no_more_than_another(
    tmp_path: Path, piece: str
) -> None:
    """Patterns that look for numbers and dates would try such a cell for hours."""
    path = tmp_path / "made.csv"
    cell = piece * (100_000 // len(piece)) + "x"
    path.write_text("text;label\n" + f"{cell};a\n" * 3)
    with open_csv(path) as table:
        assert sum(batch.seen for batch in table.batches()) == 3


def test_a_field_without_an_end_is_one_row_error(tmp_path: Path) -> None:
    """Memory is bounded, and the rows after it are read."""
    table = read(tmp_path, f"text,label\n{'x' * (LONGEST_RECORD + 10)},y\nb,z\n")
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


@pytest.mark.parametrize("level", ["gzip", "zstd"])
def test_what_unpacks_without_end_is_refused(tmp_path: Path, level: str) -> None:
    """Before memory or hours are lost to it."""
    content = b"a,b\n" * (17 << 20)
    packed = gzip.compress(content) if level == "gzip" else pa.Codec("zstd").compress(content)
    with pytest.raises(NotRetryable, match=f"expected a {level} file that unpacks to at most 500"):
        read(tmp_path, packed if isinstance(packed, bytes) else packed.to_pybytes())


def test_a_zstd_file_is_read_and_a_cut_one_refused(tmp_path: Path) -> None:
    """Like a gzipped one."""
    content = pa.Codec("zstd").compress(b"text,label\n" + b"a,x\n" * 5_000).to_pybytes()
    assert len(read(tmp_path, content).rows) == 5_000
    with pytest.raises(NotRetryable, match="expected a whole zstd file"):
        read(tmp_path, content[:-5])


def test_an_archive_is_refused_by_name(tmp_path: Path) -> None:
    """Its bytes would make strange columns."""
    with pytest.raises(NotRetryable, match="got a ZIP archive or a spreadsheet"):
        read(tmp_path, b"PK\x03\x04" + os.urandom(1_000))


def test_titles_above_the_header_are_told_and_left_out(tmp_path: Path) -> None:
    """Padded with delimiters or not."""
    table = read(tmp_path, "Report of 2026,,\n,,\nname,age,city\nAnn,3,Bonn\nBob,4,Ulm\n")
    assert table.names == ["name", "age", "city"]
    assert table.rows == [["Ann", "3", "Bonn"], ["Bob", "4", "Ulm"]]
    assert table.detected["preamble_lines"] == [1]
    assert table.detected["has_header"]


def test_two_header_rows_become_one(tmp_path: Path) -> None:
    """What spans columns stands before each of their names."""
    table = read(tmp_path, "north,,south,\nX,Y,X,Y\n1,2,3,4\n5,6,7,8\n")
    assert table.names == ["north X", "north Y", "south X", "south Y"]
    assert len(table.rows) == 2


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    """It is reported with its line, and what it would have swallowed is read."""
    rows = "".join(f"{i},text {i}\n" for i in range(500))
    table = read(tmp_path, f'id,text\n1,"open\n{rows}')
    assert [(error.line, error.text) for error in table.errors] == [(2, '1,"open')]
    assert len(table.rows) == 500


def test_a_stray_quote_is_repaired_where_only_one_reading_has_all_fields(tmp_path: Path) -> None:
    """And told; where more is amiss, the row is reported."""
    content = 'a,b,c\n1,"2,"x, y"\n"7"8"9",3\n4,5,6\n'
    path = tmp_path / "t.csv"
    path.write_text(content)
    with open_csv(path) as table:
        (batch,) = table.batches()
    assert [one.to_pylist() for one in batch.columns] == [["1", "4"], ['"2', "5"], ["x, y", "6"]]
    assert [one.line for one in batch.repaired] == [2]
    assert [one.line for one in batch.rejected] == [3]


def test_escaped_quotes_are_understood(tmp_path: Path) -> None:
    """A backslash elsewhere is a backslash."""
    table = read(tmp_path, 'text,label\n"say \\"hi\\" now",x\n"C:\\dir",y\n')
    assert table.detected["escape"] == "\\"
    assert table.rows == [['say "hi" now', "x"], ["C:\\dir", "y"]]


def test_single_quotes_are_understood(tmp_path: Path) -> None:
    """Where they are what opens fields."""
    table = read(tmp_path, "text,label\n'a, b',x\n'c, d',y\n'e, f',z\n")
    assert table.detected["quote"] == "'"
    assert table.rows[0] == ["a, b", "x"]


def test_a_few_broken_bytes_do_not_change_the_encoding(tmp_path: Path) -> None:
    """Their rows are reported; the others keep their letters."""
    good = "caf\xe9 cr\xe8me,x\n".encode() * 200
    table = read(tmp_path, b"text,label\n" + good + b"br\xff\xfeken,y\n" + good)
    assert table.detected["encoding"] == "utf-8"
    assert [(e.line, e.reason) for e in table.errors] == [
        (202, "expected text in utf-8, got other bytes")
    ]
    assert len(table.rows) == 400


def test_rows_longer_or_shorter_than_the_header_throughout_fit(tmp_path: Path) -> None:
    """A delimiter at the end of each row adds no column; names are made for what has none."""
    assert read(tmp_path, "a,b\n1,2,\n3,4,\n").rows == [["1", "2"], ["3", "4"]]
    assert read(tmp_path, "a,b,c\n1,2\n3,4\n").rows == [["1", "2", None], ["3", "4", None]]
    assert read(tmp_path, "a,b\n1,2,3\n4,5,6\n").names == ["a", "b", "column_3"]


def test_what_was_detected_has_a_confidence(tmp_path: Path) -> None:
    """One for each thing that was not asked for."""
    sure = read(tmp_path, "text,stars\nfine,3\nbad,1\n").detected["confidence"]
    unsure = read(tmp_path, "hello\nworld\n").detected["confidence"]
    assert all(0 <= one <= 1 for one in [*sure.values(), *unsure.values()])
    assert sure["header"] > unsure["header"]
    assert sure["dialect"] > unsure["dialect"]
