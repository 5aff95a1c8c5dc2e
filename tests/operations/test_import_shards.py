"""An import in shards is the import of the file as a whole: the same bytes, report and items."""

import csv
import gzip
import io
import json
import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.import_alike import files_in
from headway.errors import Cancelled, Interrupted, NotRetryable
from headway.job import Json
from headway.operations import import_reading, import_shards
from headway.operations.import_csv import import_csv
from headway.operations.import_shards import Sizes, merge, split
from headway.operations.requests.import_csv import ImportCsv
from tests.operations.ragged import ragged_table
from tests.operations.two_imports import Outcome, context, in_one, in_shards, outcome, run

TINY = Sizes(undivided=0, shard=300, sure=2)


def both(folder: Path, content: bytes, sizes: Sizes = TINY, **options: Json) -> Outcome:
    """What came of the import in shards, which is what comes of it as a whole."""
    file = folder / "upload"
    file.write_bytes(content)
    request = ImportCsv(file="f", **options)
    found = in_shards(folder / "shards", file, request, sizes)
    assert found == in_one(folder / "one", file, request)
    return found


def table(rows: int) -> bytes:
    return ragged_table(rows, bad_every=50)


def test_files_in_the_wild_are_imported_alike(real_data: Path, tmp_path: Path) -> None:
    """Every fifth of the torture set and the published ones, in up to four shards each; all of them
    are tried in many ways by `benchmarks.import_alike`."""
    outcomes: Counter[str] = Counter()
    for number, path in enumerate(files_in(real_data)[::5]):
        request = ImportCsv(file="f", max_errors=1.0)
        sizes = Sizes(undivided=0, shard=max(100, path.stat().st_size // 4), sure=1)
        here = tmp_path / str(number)
        here.mkdir()
        shards = in_shards(here / "shards", path, request, sizes)
        assert shards == in_one(here / "one", path, request), path
        outcomes["shards" if shards.shards else "one"] += 1
    assert outcomes["shards"] > 20, outcomes


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
cells = texts | st.sampled_from(['a "quoted" word', "two\nlines", 'x,"y', "1", "\n", "a,b\nc,d\n"])
records = st.lists(st.tuples(cells, cells), max_size=40)
damage = st.lists(
    st.tuples(
        st.integers(0, 2_000), st.sampled_from([b'"', b"\n", b",", b"\r", b"\xff", b'a"b,c\n'])
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=80, derandomize=True, suppress_health_check=list(HealthCheck))
@given(records, damage, st.integers(20, 400), st.integers(1, 3), st.booleans())
def test_whatever_is_in_a_file_makes_no_difference(
    rows: list[tuple[str, str]], hurt: list[tuple[int, bytes]], size: int, sure: int, quoted: bool
) -> None:
    """Quotes, newlines in quotes, ragged rows, stray bytes: cut anywhere, it is the same import."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([("text", "label"), *rows])
    content = buffer.getvalue().encode()
    for place, what in hurt:
        content = content[:place] + what + content[place:]
    with TemporaryDirectory() as folder:
        both(Path(folder), content, Sizes(0, size, sure), max_errors=1.0)
        both(Path(folder), content, Sizes(0, size, sure), delimiter=",", has_header=True)


def test_a_table_is_cut_and_put_together(tmp_path: Path) -> None:
    """Rows, errors by their lines, samples and labels are those of the file; nothing was read twice."""
    found = both(tmp_path, table(400), max_errors=0.5)
    assert found.shards > 10
    assert found.whole is None
    assert found.result["row_error_count"] == 8
    assert len(found.items) == 8


def json_lines() -> bytes:
    rng = random.Random(1)
    rows = [{"text": "x" * rng.randint(0, 60), "label": i % 3, "sub": {"i": i}} for i in range(300)]
    lines = [orjson.dumps(row) for row in rows]
    lines[40:41] = [b"{broken", b"", b'{"other": 1}']
    return b"\n".join(lines)


def parquet() -> bytes:
    buffer = io.BytesIO()
    columns = {"text": [f"text {i}" if i % 7 else None for i in range(3_000)], "n": range(3_000)}
    pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), buffer, row_group_size=250)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (json_lines(), {}),
        (b"\xef\xbb\xbf" + json_lines(), {"columns": ["text", "label", "sub"]}),
        (parquet(), {}),
        ("grüße\n\nund mehr\r\n".encode() * 100, {"format": "text"}),
        (
            ("text;label\n" + "grüße;1\n" * 200 + "schöne;x\n").encode("cp1252"),
            {"encoding": "cp1252"},
        ),
        (
            b"text,n\n" + b"a,1\nb,x\nc\xc2\x85,2\n" * 60,
            {"types": {"n": "integer"}, "max_errors": 1.0},
        ),
        (table(200), {"columns": ["one", "two"]}),
        (b"a,b\n" + b"1,2\na,b\n" * 90, {"has_header": True}),
        (b"only\n" + b"one\ntwo\n" * 90, {}),
    ],
)
def test_every_kind_of_file_can_be_cut(
    tmp_path: Path, content: bytes, options: dict[str, Json]
) -> None:
    found = both(tmp_path, content, **options)
    assert found.shards > 2
    assert found.whole is None


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(table(200)),
        table(200).decode().encode("utf-16"),
        (",".join(f"c{i}" for i in range(501)) + "\n").encode() * 3,
    ],
)
def test_what_cannot_be_begun_in_the_middle_is_imported_as_a_whole(
    tmp_path: Path, content: bytes
) -> None:
    """Packed files, encodings that need what is before, and tables too wide to tell of each time."""
    assert both(tmp_path, content).shards == 0


def test_a_file_below_the_bound_is_not_split(tmp_path: Path) -> None:
    assert both(tmp_path, table(100), Sizes()).shards == 0


def misleading() -> bytes:
    """In the middle of the file a cell full of lines that look like rows."""
    rows = "".join(f"text {i},label\n" for i in range(40))
    return f'text,label\n{rows * 2}"begin\n{rows * 4}end",label\n{rows}'.encode()


def test_a_cut_in_a_cell_is_noticed(tmp_path: Path) -> None:
    """The file is then imported as a whole, and the log says why."""
    found = both(tmp_path, misleading(), has_header=True)
    assert found.whole is not None
    assert "has read whole records to byte" in found.whole
    assert found.result["rows"] == 121


def test_a_quote_that_is_never_closed_is_the_same_error(tmp_path: Path) -> None:
    found = both(tmp_path, table(100) + b'"open,label\n' + b"a,b\n" * 200)
    assert found.whole is not None


def test_a_file_that_is_mostly_broken_fails_before_it_is_split(tmp_path: Path) -> None:
    found = both(tmp_path, b"text,label\n" + b"a,b\n" * 5 + b"just text\n" * 200)
    assert "among the first" in found.result


def shards_of(folder: Path, content: bytes) -> tuple[Path, ImportCsv, list[Json]]:
    """A file, its import, and what its shards have returned."""
    folder.mkdir(exist_ok=True)
    file = folder / "upload"
    file.write_bytes(content)
    request = ImportCsv(file="f", max_errors=0.5)
    shards = split(request, context(folder / "shards", file), TINY)
    return file, request, [run(folder / "shards", file, n, one) for n, one in enumerate(shards)]


def test_a_merge_that_was_not_heard_of_is_made_again(tmp_path: Path) -> None:
    """What the shards had read is gone by then: the file is read again, and each error told once."""
    file, request, results = shards_of(tmp_path, table(400))
    expected = in_one(tmp_path / "one", file, request)
    first = context(tmp_path / "shards", file)
    assert outcome(first, merge(request, results, first)) == expected
    again = context(tmp_path / "shards", file)
    found = outcome(again, merge(request, results, again))
    assert found == expected
    assert found.whole is not None


def test_a_merge_tells_many_errors_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted with each bit, it tells none twice."""
    monkeypatch.setattr(import_shards, "_TOLD_AT_ONCE", 3)
    file, request, results = shards_of(tmp_path, table(400))
    expected = in_one(tmp_path / "one", file, request)
    ctx = context(tmp_path / "shards", file)
    stops, result = 0, None
    while result is None:
        ctx.interrupt_at = 1
        try:
            result = merge(request, results, ctx)
        except Interrupted:
            stops += 1
            ctx = ctx.after()
    assert stops == 2
    assert outcome(ctx, result) == expected


def test_a_shard_that_was_interrupted_goes_on_at_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rows, the errors and the counts of before."""
    monkeypatch.setattr(import_reading, "CHECKPOINT_BYTES", 0)
    tmp_path.mkdir(exist_ok=True)
    file = tmp_path / "upload"
    file.write_bytes(table(60_000))
    request = ImportCsv(file="f", max_errors=0.5)
    sizes = Sizes(undivided=0, shard=file.stat().st_size - 1)
    shards = split(request, context(tmp_path / "shards", file), sizes)
    assert len(shards) == 2
    results = []
    for number, one in enumerate(shards):
        ctx = context(tmp_path / "shards", file)
        result = None
        while result is None:
            ctx.shard, ctx.job_id, ctx.interrupt_at = number, f"job-{number}", 1
            try:
                result = import_csv(one, ctx)
            except Interrupted:
                ctx = ctx.after()
        results.append(json.loads(json.dumps(result)))
    ctx = context(tmp_path / "shards", file)
    assert outcome(ctx, merge(request, results, ctx)) == in_one(tmp_path / "one", file, request)


def test_a_cancelled_shard_leaves_nothing_open(tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(table(400))
    first, *_ = split(ImportCsv(file="f"), context(tmp_path / "shards", file), TINY)
    ctx = context(tmp_path / "shards", file)
    ctx.shard, ctx.cancel_at = 0, 1
    with pytest.raises(Cancelled):
        import_csv(first, ctx)
    assert not list((ctx.shared / "parts").iterdir())


def test_too_many_broken_rows_fail_the_merge(tmp_path: Path) -> None:
    """With the sentence of an import as a whole."""
    file, _, results = shards_of(tmp_path, table(2_000))
    request = ImportCsv(file="f", max_errors=0)
    expected = in_one(tmp_path / "one", file, request)
    with pytest.raises(NotRetryable) as failed:
        merge(request, results, context(tmp_path / "shards", file))
    assert str(failed.value) == expected.result
