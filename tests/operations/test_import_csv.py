import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.data import csv_reading, dataset_writing
from headway.errors import Cancelled, CorruptArtifact, Interrupted, NotRetryable
from headway.job import Json
from headway.operations import import_reading
from headway.operations.import_csv import import_csv
from headway.operations.requests.import_csv import ImportCsv
from tests.operations.fake_context import FakeContext
from tests.operations.ragged import ragged_table

COUNTED = ("rows", "row_errors", "blank")


def context(folder: Path, content: bytes) -> FakeContext:
    folder.mkdir(exist_ok=True)
    path = folder / "upload"
    path.write_bytes(content)
    file = Artifact(id="f", kind="file", name="upload", path=path, sha256=hash_file(path))
    return FakeContext(folder, {"file": file})


def imported(folder: Path, content: str | bytes, **options: Json) -> tuple[Json, FakeContext]:
    ctx = context(folder, content if isinstance(content, bytes) else content.encode())
    return import_csv(ImportCsv(file="f", **options), ctx), ctx


def test_no_file_imports_the_bundled_sample(tmp_path: Path) -> None:
    """3,000 tickets with their columns guessed."""
    ctx = FakeContext(tmp_path)
    result = import_csv(ImportCsv(), ctx)
    assert (result["name"], result["rows"], result["row_error_count"]) == ("sample", 3_000, 0)
    assert result["summary"]["text_column"] == "text"
    assert result["summary"]["label_column"] == "label"
    assert sum(result["summary"]["labels"].values()) == 3_000
    assert ctx.published[0].kind == "dataset"


def test_a_file_that_was_changed_on_disk_is_refused(tmp_path: Path) -> None:
    """Before anything of it is published."""
    ctx = context(tmp_path, b"text,label\na,x\n")
    (tmp_path / "upload").write_bytes(b"text,label\na,y\n")
    with pytest.raises(CorruptArtifact, match="expected upload to have the hash"):
        import_csv(ImportCsv(file="f"), ctx)
    assert ctx.published == []


def test_broken_rows_are_reported_and_left_out(tmp_path: Path) -> None:
    """Each error says its line, what is wrong and the row's text."""
    result, _ = imported(
        tmp_path, "text,label\na,x\nb\nc,y\n", filename="C:\\My Files\\spring sale.csv"
    )
    assert (result["rows"], result["name"]) == (2, "spring-sale")
    assert result["row_errors"] == [{"line": 3, "reason": "expected 2 fields, got 1", "text": "b"}]


def test_too_many_broken_rows_fail_the_import(tmp_path: Path) -> None:
    """Ten are forgiven by default, but no more than there are good ones; a limit in the request is
    exact."""
    bad = "text,label\n" + "a,x\n" * 20 + "b\n" * 11
    with pytest.raises(NotRetryable, match=r"at most 10 broken rows, got: 11 .*line 22"):
        imported(tmp_path, bad)
    result, _ = imported(tmp_path, bad, max_errors=0.5)
    assert result["row_error_count"] == 11
    with pytest.raises(NotRetryable, match=r"higher `max_errors`: a share of all rows, up to 1"):
        imported(tmp_path, "text,label\na,x\nc,y\n" + "b\n" * 3)
    with pytest.raises(NotRetryable, match=r"got 3 broken ones and no good one; .*line 2"):
        imported(tmp_path, "text,label\n" + "b\n" * 3, max_errors=1, has_header=True)
    with pytest.raises(NotRetryable, match="at most 0 broken rows, got: 1"):
        imported(tmp_path, "text,label\na,x\nb\n", max_errors=0)


def test_an_import_that_fails_tells_what_it_found(tmp_path: Path) -> None:
    """The same account as one that completes: of all records, or of the first when those are enough
    to fail."""
    bad = "a,b,c\n" + "1,2,3\n" * 60 + "1,2\n" * 40
    with pytest.raises(NotRetryable) as failed:
        imported(tmp_path, bad)
    found, _ = imported(tmp_path, bad, max_errors=1)
    assert failed.value.result == {
        name: found[name]
        for name in ("row_errors", "row_error_count", "counts", "repairs", "detected")
    } | {"summary": {"warnings": []}}
    with pytest.raises(NotRetryable) as early:
        imported(tmp_path, "a,b\n" + "1\n" * 50)
    assert early.value.result["counts"]["row_errors"] == 50


@pytest.mark.usefixtures("often")
def test_an_import_tells_its_counts_as_it_goes(tmp_path: Path) -> None:
    """After the first records and at each checkpoint, at what had been read by then."""
    result, ctx = imported(tmp_path, ragged_table(6_000, bad_every=500))
    assert len(ctx.metrics) > 2
    for seen, counts in ctx.metrics.items():
        assert seen == counts["records"] == sum(counts[one] for one in COUNTED)
    assert max(ctx.metrics) <= result["counts"]["records"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "got an empty file"),
        ("\n\n", "got an empty file"),
        ("text,label\n", "got a header only"),
    ],
)
def test_a_file_without_rows_fails_with_a_sentence(
    tmp_path: Path, content: str, sentence: str
) -> None:
    """An empty file and one with a header only are told apart."""
    with pytest.raises(NotRetryable, match=sentence):
        imported(tmp_path, content)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """Two imports of one table have one hash, whatever way it was written down."""
    first, one = imported(tmp_path, 'text,label\n"a, b",x\nc,y\n')
    second, other = imported(tmp_path, "text;label\r\na, b;x\r\nc;y\r\n".encode("utf-16"))
    assert first["sha256"] == second["sha256"]
    assert one.published[0].content == other.published[0].content


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint with every piece, and small pieces."""
    monkeypatch.setattr(import_reading, "CHECKPOINT_BYTES", 0)
    monkeypatch.setattr(dataset_writing, "GROUP_ROWS", dataset_writing.CHUNK_ROWS)
    monkeypatch.setattr(csv_reading, "BLOCK", 20_000)
    monkeypatch.setattr(csv_reading.open_csv.__wrapped__, "__kwdefaults__", {"block": 20_000})  # type: ignore[attr-defined]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_interrupted_import_goes_on_at_its_record(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """Stopped again and again, it ends with the same bytes, counts and errors as undisturbed, and
    reads nothing twice."""
    content = pack(ragged_table(6_000, bad_every=500))
    undisturbed, once = imported(tmp_path / "a", content)
    ctx = context(tmp_path / "b", content)
    stops = 0
    result = None
    while result is None:
        ctx.interrupt_at = 1 if stops == 0 else 3
        try:
            result = import_csv(ImportCsv(file="f"), ctx)
        except Interrupted:
            stops += 1
            ctx = ctx.after()
    assert stops >= 3
    assert result == undisturbed
    assert ctx.published == once.published
    assert [row["line"] for row in ctx.durable + ctx.handed_out] == [
        row["line"] for row in once.durable + once.handed_out
    ]


@pytest.mark.usefixtures("often")
def test_an_import_whose_parts_are_gone_starts_again(tmp_path: Path) -> None:
    """A torn or missing part is noticed; the result is the same."""
    content = ragged_table(20_000, bad_every=500)
    undisturbed, _ = imported(tmp_path / "a", content)
    ctx = context(tmp_path / "b", content)
    ctx.interrupt_at = 20
    with pytest.raises(Interrupted):
        import_csv(ImportCsv(file="f"), ctx)
    parts = list((tmp_path / "b" / "shared").rglob("*.parquet"))
    assert parts
    parts[0].write_bytes(parts[0].read_bytes()[:-3])
    assert import_csv(ImportCsv(file="f"), ctx.after()) == undisturbed


@pytest.mark.usefixtures("often")
def test_an_import_that_starts_again_tells_each_broken_record_once(tmp_path: Path) -> None:
    """On another machine, where no parts are: twice, and the second time before it is as far."""
    content = ragged_table(20_000, bad_every=500)
    undisturbed, once = imported(tmp_path / "a", content)
    ctx = context(tmp_path / "b", content)
    for stop in (20, 3):
        ctx.interrupt_at = stop
        with pytest.raises(Interrupted):
            import_csv(ImportCsv(file="f"), ctx)
        shutil.rmtree(ctx.shared)
        ctx = ctx.after()
    assert import_csv(ImportCsv(file="f"), ctx) == undisturbed
    assert ctx.durable + ctx.handed_out == once.durable + once.handed_out


class Overtaken(FakeContext):
    """Its worker stood still for longer than its lease: the job's next attempt has come to its end
    when it goes on, as `others` that read the same file."""

    successor: FakeContext | None = None

    def progress(self, percent: float, message: str | None = None) -> None:
        super().progress(percent, message)
        if self.successor is None and len(self.percents) == 10:
            self.successor = FakeContext(self.folder, self.artifacts, self.checkpoints[-1])
            import_csv(ImportCsv(file="f"), self.successor)


@pytest.mark.usefixtures("often")
def test_attempts_of_one_job_do_not_touch_each_other_s_parts(tmp_path: Path) -> None:
    """Whichever of two comes to its end first, a lost claim or not, the other has all it wrote."""
    content = ragged_table(20_000, bad_every=500)
    _, once = imported(tmp_path / "a", content)
    ctx = context(tmp_path / "b", content)
    first = Overtaken(ctx.folder, ctx.artifacts)
    import_csv(ImportCsv(file="f"), first)
    assert first.successor is not None
    assert first.published == first.successor.published == once.published


@pytest.mark.usefixtures("often")
def test_a_cancelled_import_leaves_no_rows_behind(tmp_path: Path) -> None:
    ctx = context(tmp_path, ragged_table(20_000, bad_every=500))
    ctx.cancel_at = 10
    with pytest.raises(Cancelled):
        import_csv(ImportCsv(file="f"), ctx)
    assert ctx.checkpoints
    assert not list((ctx.shared / "parts").iterdir())


def test_every_record_is_counted_once(tmp_path: Path) -> None:
    """Rows, rejected and blank ones sum to what was seen; the data set has the rows."""
    result, ctx = imported(tmp_path, ragged_table(3_000, bad_every=500))
    counts = result["counts"]
    assert counts["rows"] + counts["row_errors"] + counts["blank"] == counts["records"]
    assert (counts["row_errors"], counts["blank"]) == (6, 750)
    assert counts["rows"] + counts["row_errors"] == 3_000
    assert result["rows"] == counts["rows"]
    assert len(ctx.handed_out) == 6


def test_what_is_odd_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    """A second table in the file, and characters that were once another encoding."""
    table = "text,label\nmy parcel,a\nmy \x96 money,b\n"
    result, _ = imported(tmp_path, (table + table).encode())
    warnings = result["summary"]["warnings"]
    assert [(one["code"], one["count"], one["lines"]) for one in warnings] == [
        ("repeated_header", 1, [4]),
        ("control_characters", 2, [3, 6]),
    ]
    assert result["rows"] == 5
    plain, _ = imported(tmp_path / "plain", "text,label\nna\xefve,a\n\xc2,b\n".encode())
    assert plain["summary"]["warnings"] == []


def test_what_is_odd_is_told_by_the_row_and_its_line(tmp_path: Path) -> None:
    """In whichever columns, and beside rows that were left out for their types."""
    rows = "a,1\nb,x\nc\x96,d\x96,2\n".replace("a,", "a,a,").replace("b,", "b,b,")
    table = "one,two,n\n" + rows + "e\x96,e,3\n" + "f,f\x96,4\n"
    result, _ = imported(tmp_path, table.encode(), types={"n": "integer"})
    (warning,) = result["summary"]["warnings"]
    assert (warning["count"], warning["lines"]) == (3, [4, 5, 6])
    json.dumps(result)


def test_errors_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Whatever is wrong with each."""
    content = (
        b"text,label\n"
        + b"a,x\n" * 20
        + b"\xff,y\nonly one\n"
        + "ä,ö\n".encode() * 30
        + b"\xffb,z\nonly one\n" * 5
    )
    result, ctx = imported(tmp_path, content, max_errors=1.0, encoding="utf-8")
    lines = [error["line"] for error in result["row_errors"]]
    assert len(lines) == 12
    assert lines == sorted(lines) == [item["line"] for item in ctx.handed_out]


def test_a_systematic_error_is_told_after_the_first_rows(tmp_path: Path) -> None:
    """With the reason most of them have, before the rest is read."""
    content = "text,label\n" + "a;x\n" * 2_000_000
    ctx = context(tmp_path, content.encode())
    with pytest.raises(
        NotRetryable, match=r"broken ones among the first .* expected 2 fields, got 1"
    ):
        import_csv(ImportCsv(file="f", delimiter=","), ctx)
    assert ctx.percents == []


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Parts go when the data set is published or can never be."""
    _, ctx = imported(tmp_path, ragged_table(100, bad_every=500))
    parts = ctx.shared / "parts"
    assert list(parts.iterdir()) == []
    with pytest.raises(NotRetryable):
        import_csv(ImportCsv(file="f", max_errors=0), context(tmp_path, b"a,b\n1,2\n3\n"))
    assert list(parts.iterdir()) == []


def test_other_formats_are_imported_too(tmp_path: Path) -> None:
    """A published data set can be imported again, and is the same one."""
    first, ctx = imported(tmp_path / "a", "text,label\na,x\nb,y\n", filename="rows.csv.gz")
    again, _ = imported(tmp_path / "b", ctx.published[0].content, filename="rows.parquet")
    assert (first["sha256"], first["name"]) == (again["sha256"], "rows")
    assert again["name"] == "rows"
    assert again["detected"]["format"] == "parquet"
