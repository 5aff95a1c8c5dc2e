"""Data sets in parts: the same bytes whatever the pieces, and nothing torn."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.artifacts import hash_file
from headway.data import dataset_writing
from headway.data.columns import MAX_DISTINCT, MAX_LABELS, Column
from headway.data.dataset_writing import CHUNK_ROWS, PartsWriter, WriterState
from headway.data.datasets import Dataset
from headway.data.parquet_parts import Part
from headway.data.thrift import read_struct, write_struct
from headway.errors import CorruptArtifact
from headway.job import Json

NAMES = ("text", "label")
ROWS = [(f"text number {i} \u00e9", "abc"[i % 3]) for i in range(3 * CHUNK_ROWS + 7)]


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chunks to a row group, so that a few rows make many."""
    monkeypatch.setattr(dataset_writing, "GROUP_ROWS", 2 * CHUNK_ROWS)


def columns_of(rows: Sequence[tuple[str, str]]) -> list[pa.Array]:
    return [pa.array(list(column), pa.string()) for column in zip(*rows, strict=True)]


def in_pieces(
    folder: Path, size: int, saves: Sequence[int] = (), threads: int = 1
) -> tuple[bytes, dict[str, Json]]:
    """The rows written in pieces of a size, by a new writer after each piece named in `saves`."""
    folder.mkdir()
    writer = PartsWriter(folder, NAMES, threads=threads)
    for number, start in enumerate(range(0, len(ROWS), size)):
        writer.add(columns_of(ROWS[start : start + size]))
        if number in saves:
            state = writer.save()
            writer.close()
            again = tuple(Part(**part.as_json()) for part in state.parts)
            writer = PartsWriter(folder, NAMES, WriterState(again, state.rest))
    meta = writer.assemble(folder / "whole")
    writer.close()
    return (folder / "whole").read_bytes(), meta


def test_the_bytes_do_not_depend_on_pieces_or_stops(tmp_path: Path) -> None:
    """However the rows came, and however often another writer went on with them."""
    whole = in_pieces(tmp_path / "a", len(ROWS))
    assert in_pieces(tmp_path / "b", 999) == whole
    assert in_pieces(tmp_path / "c", 4_000, saves=(0, 2)) == whole
    assert in_pieces(tmp_path / "d", 5_000, saves=(0, 1, 2, 3)) == whole
    assert in_pieces(tmp_path / "e", 4_000, threads=3) == whole
    assert whole[1]["sha256"] == hash_file(tmp_path / "a" / "whole")


def test_an_assembled_file_is_parquet_like_any_other(tmp_path: Path) -> None:
    """Other readers find all rows, the row groups and their statistics."""
    in_pieces(tmp_path / "a", 4_000, saves=(0, 2))
    path = tmp_path / "a" / "whole"
    table = pq.read_table(path)
    assert table.column("text").to_pylist() == [text for text, _ in ROWS]
    meta = pq.ParquetFile(path).metadata
    assert (meta.num_rows, meta.num_row_groups) == (len(ROWS), 2)
    assert meta.row_group(1).column(1).statistics.max == "c"
    assert [len(chunk) for chunk in Dataset(path).read(["label"])] == [CHUNK_ROWS] * 3 + [7]


@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_part_that_is_not_as_it_was_is_refused(tmp_path: Path, harm: str) -> None:
    """Nothing torn is ever gone on with."""
    writer = PartsWriter(tmp_path, NAMES)
    writer.add(columns_of(ROWS))
    state = writer.save()
    writer.close()
    path = tmp_path / state.parts[0].name
    content = path.read_bytes()
    match harm:
        case "cut":
            path.write_bytes(content[:-1])
        case "changed":
            path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        case _:
            path.unlink()
    with pytest.raises(CorruptArtifact, match="expected the part"):
        PartsWriter(tmp_path, NAMES, state)


def test_a_part_that_was_not_finished_is_not_in_the_state(tmp_path: Path) -> None:
    """What was written after the save belongs to nobody, and does no harm."""
    writer = PartsWriter(tmp_path, NAMES)
    writer.add(columns_of(ROWS[:CHUNK_ROWS]))
    state = writer.save()
    writer.add(columns_of(ROWS[:CHUNK_ROWS]))  # half a part, then it is killed
    other = PartsWriter(tmp_path, NAMES, state)
    assert other.assemble(tmp_path / "whole")["rows"] == CHUNK_ROWS
    for one in (writer, other):
        one.close()


def test_a_column_goes_on_from_its_state() -> None:
    """As if it had taken all the values itself."""
    values = ["1", "22", None, "333", "x" * 50, "1"]
    once, before, after = Column("c"), Column("c"), Column("c")
    once.add(values)
    before.add(values[:3])
    after.restore(before.state())
    after.add(values[3:])
    assert (after.as_json(), after.labels) == (once.as_json(), once.labels)
    assert (once.as_json()["min_length"], once.as_json()["max_length"]) == (1, 50)


def test_a_column_says_when_it_stopped_counting() -> None:
    """A lower bound is called one, and memory has bounds."""
    column = Column("id")
    column.add([str(i) for i in range(MAX_DISTINCT + 5)])
    described = column.as_json()
    assert (described["distinct"], described["distinct_exact"]) == (MAX_DISTINCT, False)
    few = Column("id", most_distinct=100)
    few.add([str(i) for i in range(MAX_LABELS + 1)])
    assert (few.distinct, few.labels) == (100, None)


values: st.SearchStrategy[Json] = st.recursive(
    st.tuples(st.sampled_from([5, 6]), st.integers(-(2**62), 2**62))
    | st.tuples(st.just(8), st.binary(max_size=20))
    | st.tuples(st.just(9), st.tuples(st.just(6), st.lists(st.integers(-5, 2**40), max_size=20)))
    | st.booleans().map(lambda flag: (1 if flag else 2, flag)),
    lambda inner: st.dictionaries(st.integers(1, 300), inner, max_size=5).map(lambda d: (12, d)),
    max_leaves=20,
)


def test_long_texts_make_row_groups_of_fewer_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes count too, and where a group ends does not depend on the pieces."""
    monkeypatch.setattr(dataset_writing, "GROUP_BYTES", 50_000)
    whole = in_pieces(tmp_path / "a", len(ROWS))
    assert in_pieces(tmp_path / "b", 999, saves=(0, 3, 9)) == whole
    assert pq.ParquetFile(tmp_path / "a" / "whole").metadata.num_row_groups == 4


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.dictionaries(st.integers(1, 300), values, max_size=8))
def test_thrift_is_read_as_it_was_written(struct: Json) -> None:
    """Whatever the fields and their numbers."""
    assert read_struct(write_struct(struct)) == struct


def test_what_parquet_says_of_itself_is_written_back_byte_for_byte(tmp_path: Path) -> None:
    """So that nothing which is not understood is lost."""
    pq.write_table(pa.table({"a": ["x", None], "b": [1, 2]}), tmp_path / "f")
    data = (tmp_path / "f").read_bytes()
    length = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - length : -8]
    assert write_struct(read_struct(footer)) == footer
