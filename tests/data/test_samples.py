import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from headway.artifacts import BUNDLED_DATASET, hash_file
from headway.data.datasets import Dataset
from headway.data.samples import (
    NAMES,
    SAMPLE_ROWS,
    SAMPLE_SEED,
    TEST_ROWS,
    bundled_dataset,
    bundled_rows,
)
from headway.data.tickets import LABELS, tickets
from headway.errors import UnknownArtifact


def test_the_packaged_sample_is_what_the_generator_makes() -> None:
    """scripts/make_samples.py has nothing to change."""
    assert list(bundled_rows("sample")) == list(tickets(SAMPLE_ROWS, SAMPLE_SEED))


def test_tickets_are_of_all_kinds_and_not_all_alike() -> None:
    """Six labels of about equal size; few tickets occur twice."""
    rows = list(tickets(3_000, 5))
    counts = Counter(label for _, label in rows)
    assert set(counts) == set(LABELS)
    assert min(counts.values()) > 400
    assert len(set(rows)) > 2_000


def test_the_beginning_does_not_depend_on_how_many_are_asked_for() -> None:
    """A shorter list is the start of a longer one."""
    assert list(tickets(10, 3)) == list(islice(tickets(1_000, 3), 10))


def test_the_large_data_set_is_made_once(tmp_path: Path) -> None:
    """200,000 rows on first use; the second use finds the file."""
    path = bundled_dataset("test", tmp_path)
    made = path.stat().st_mtime_ns
    assert Dataset(path).rows == TEST_ROWS
    assert bundled_dataset("test", tmp_path) == path
    assert path.stat().st_mtime_ns == made
    assert not list(tmp_path.glob("*.part"))


def test_several_processes_may_ask_at_once(tmp_path: Path) -> None:
    """They get one file, with the bytes that one alone would make."""
    code = (
        "import sys; from pathlib import Path; from headway.data.samples import bundled_dataset;"
        "print(bundled_dataset('sample', Path(sys.argv[1])))"
    )
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "all")], stdout=subprocess.PIPE
        )
        for _ in range(3)
    ]
    answers = {process.communicate()[0] for process in asking}
    assert [process.returncode for process in asking] == [0, 0, 0]
    (answer,) = answers
    alone = bundled_dataset("sample", tmp_path / "alone")
    assert hash_file(Path(answer.decode().strip())) == hash_file(alone)


def test_another_name_is_refused(tmp_path: Path) -> None:
    """The error lists those there are."""
    with pytest.raises(UnknownArtifact, match="expected one of sample, test, got: 'other'"):
        bundled_dataset("other", tmp_path)


@pytest.mark.parametrize("left", [0, 3, 1_000])
def test_a_data_set_that_a_power_cut_has_torn_is_made_again(tmp_path: Path, left: int) -> None:
    path = bundled_dataset("sample", tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    assert bundled_dataset("sample", tmp_path).read_bytes() == whole


@pytest.mark.parametrize("name", NAMES)
def test_the_bundled_ones_have_the_columns_that_are_told_of_them(name: str, tmp_path: Path) -> None:
    dataset = Dataset(bundled_dataset(name, tmp_path))
    assert dataset.names == [one["name"] for one in BUNDLED_DATASET["columns"]]
    told = BUNDLED_DATASET["text_column"], BUNDLED_DATASET["label_column"]
    assert dataset.guessed_columns() == told
