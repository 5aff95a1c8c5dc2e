"""Texts straight from a file: each record an item, readable or not, over any interruption."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headway.context import Artifact, Redo
from headway.data.dataset_writing import CHUNK_ROWS
from headway.data.samples import bundled_rows
from headway.errors import Interrupted, NotRetryable
from headway.operations.predict import batch_predict
from headway.operations.requests.predict import BatchPredict
from tests.operations.fake_context import FakeContext

TEXTS = [text for text, _ in bundled_rows("sample")]


@pytest.fixture
def answered(tmp_path: Path, default_model: Artifact) -> Any:
    """Predict a file's texts; the result and the items."""

    def answered(name: str, content: bytes, **request: Any) -> Any:
        ctx = context(tmp_path, default_model, name, content)
        return batch_predict(BatchPredict(file="f", **request), ctx), ctx.durable

    return answered


def context(folder: Path, model: Artifact, name: str, content: bytes, **how: Any) -> FakeContext:
    path = folder / "stored.csv"
    path.write_bytes(content)
    file = Artifact(id="f", kind="file", name=name, path=path, sha256="")
    return FakeContext(folder, {"model": model, "file": file}, **how)


def test_a_csv_is_answered_record_by_record(answered: Any) -> None:
    """A broken record and an empty cell are items with an error, in their places."""
    content = b'key,text\na,where is my parcel\nb\nc,""\nd,"two\nlines"\ne,refund please\n'
    result, items = answered("t.csv", content, custom_id="key")
    assert (result["total"], result["predicted"], result["failed"]) == (5, 3, 2)
    assert [one["index"] for one in items] == [0, 1, 2, 3, 4]
    assert [one["line"] for one in items] == [2, 3, 4, 5, 7]
    assert [one["custom_id"] for one in items] == ["a", None, "c", "d", "e"]
    assert [one.get("error") for one in items] == [
        None, "expected 2 fields, got 1", "expected a text, got an empty cell", None, None,
    ]  # fmt: skip


def test_json_lines_bring_their_custom_ids_and_fields_of_their_own(answered: Any) -> None:
    """Fields that nobody asked about are left out, a line that is no JSON is an item."""
    lines = [
        {"custom_id": "a", "text": "where is my parcel"},
        {"custom_id": "b", "text": "refund please", "more": [1, 2]},
        {"text": "hello"},
    ]
    content = b"\n".join(json.dumps(one).encode() for one in lines) + b"\n{broken\n"
    result, items = answered("t.jsonl", content)
    assert (result["predicted"], result["failed"]) == (3, 1)
    assert [one["custom_id"] for one in items] == ["a", "b", None, None]
    assert "JSON object" in items[3]["error"]


def test_parquet_and_packed_files_are_read_as_they_are(answered: Any, tmp_path: Path) -> None:
    table = pa.table({"custom_id": ["x", "y"], "text": ["where is my parcel", "refund please"]})
    pq.write_table(table, tmp_path / "t.parquet")
    result, items = answered("t.parquet", (tmp_path / "t.parquet").read_bytes())
    assert result["predicted"] == 2
    assert [one["custom_id"] for one in items] == ["x", "y"]
    packed, same = answered("t.csv.gz", gzip.compress(b"custom_id,text\nx,where is my parcel\n"))
    assert packed["predicted"] == 1
    assert same[0] | {"line": 1} == items[0]


def test_every_line_of_a_text_file_is_an_item(answered: Any) -> None:
    """Line and item go together: a blank line and one that is no text have errors."""
    content = b"where is my parcel, please\n\nrefund\n" + b"na\xefve\n" + b"caf\xc3\xa9"
    result, items = answered("t.txt", content, encoding="utf-8")
    assert (result["predicted"], result["failed"]) == (3, 2)
    assert [one["line"] for one in items] == [1, 2, 3, 4, 5]
    assert [bool(one.get("error")) for one in items] == [False, True, False, True, False]
    named, _ = answered("t.csv", content, format="text", encoding="latin-1")
    assert (named["predicted"], named["failed"]) == (4, 1)


@pytest.mark.parametrize("format", ["csv", "jsonl", "text"])
def test_an_interrupted_file_goes_on_where_it_was(
    tmp_path: Path, default_model: Artifact, format: str
) -> None:
    """In the middle of a batch of records too: each is answered once."""
    texts = [f"{n} {TEXTS[n % len(TEXTS)]}" for n in range(3 * CHUNK_ROWS + 7)]
    rows = {
        "csv": "text,n\n" + "".join(f'"{one}",{n}\n' for n, one in enumerate(texts)),
        "jsonl": "".join(json.dumps({"text": one}) + "\n" for one in texts),
        "text": "\n".join(texts),
    }[format].encode()
    request = BatchPredict.model_validate({"file": "f", "format": format})
    whole = context(tmp_path, default_model, "t", rows)
    expected = batch_predict(request, whole)
    assert expected["total"] == whole.expected == len(texts)
    ctx = context(tmp_path, default_model, "t", rows, interrupt_at=1)
    for stop in (1, 1, 1, None):
        ctx.interrupt_at = stop
        if stop is None:
            assert batch_predict(request, ctx) == expected
        else:
            with pytest.raises(Interrupted):
                batch_predict(request, ctx)
            ctx = ctx.after()
    assert ctx.durable == whole.durable


def test_failed_items_of_a_file_are_tried_again(tmp_path: Path, default_model: Artifact) -> None:
    """From the file, wherever they are; line and name stay."""
    texts = [f"{n} my parcel" for n in range(2 * CHUNK_ROWS + 10)]
    content = b"custom_id,text\n" + "".join(f"k{n},{one}\n" for n, one in enumerate(texts)).encode()
    request = BatchPredict(file="f")
    whole = context(tmp_path, default_model, "t.csv", content)
    expected = batch_predict(request, whole)
    ctx = whole.after()
    broken = [dict(row) for row in whole.durable]
    lost = [3, CHUNK_ROWS + 5, 2 * CHUNK_ROWS + 9]
    for one in lost:
        broken[one] |= {"prediction": None, "error": "no answer came"}
    parts = range(0, len(texts), CHUNK_ROWS)
    ctx.durable = list(broken)
    ctx.to_redo = [Redo(at, broken[at : at + CHUNK_ROWS]) for at in parts]
    state = json.loads(whole.checkpoints[-1].text)
    assert whole.checkpoints[-1].text == json.dumps(state)
    batch_predict(request, ctx)
    assert ctx.durable == whole.durable
    assert expected["predicted"] == len(texts)


def test_what_no_file_can_be_is_said(answered: Any) -> None:
    """A missing column names those there are; a header alone has no texts."""
    with pytest.raises(NotRetryable, match="expected a text column among 'a', 'b', got: 'nope'"):
        answered("t.csv", b"a,b\n1,2\n", text="nope")
    with pytest.raises(NotRetryable, match="the file has no rows"):
        answered("t.csv", b"text,b\n", has_header=True)
    with pytest.raises(ValueError, match="expected format with `file` only"):
        BatchPredict(texts=["a"], format="csv")
    with pytest.raises(ValueError, match="exactly one of texts, items, data, file"):
        BatchPredict(texts=["a"], file="f")
