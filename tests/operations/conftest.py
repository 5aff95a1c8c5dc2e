from collections.abc import Sequence
from pathlib import Path

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.data.datasets import DatasetWriter
from headway.data.samples import bundled_rows
from headway.models.bundle import DEFAULT_BUNDLE

SAMPLE = Artifact(id="bundled:sample", kind="dataset", name="sample", path=Path("none"), sha256="")
DEFAULT = Artifact(id="bundled:default", kind="model", name="default", path=Path("none"), sha256="")


@pytest.fixture(scope="session")
def sample() -> Artifact:
    """The bundled data set as the queue pins it."""
    return SAMPLE


@pytest.fixture(scope="session")
def default_model() -> Artifact:
    """The bundled model as the queue pins it."""
    return DEFAULT


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """A user's own data set: the sample four times over, in three row groups."""
    path = tmp_path_factory.mktemp("data") / "small.parquet"
    write(path, ("text", "label"), list(bundled_rows("sample")) * 4)
    return Artifact(id="d1", kind="dataset", name="small", path=path, sha256=hash_file(path))


@pytest.fixture(scope="session")
def own_model() -> Artifact:
    """The bundled model under an id of a user's."""
    return Artifact(
        id="m1", kind="model", name="own", path=DEFAULT_BUNDLE, sha256=hash_file(DEFAULT_BUNDLE)
    )


def write(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with DatasetWriter(path, names) as writer:
        for row in rows:
            writer.add(row)
