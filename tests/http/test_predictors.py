"""Models are loaded once, and whoever asks another one does not wait for that."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from headway.artifacts import ArtifactFiles
from headway.errors import CorruptArtifact
from headway.http.application import Application
from headway.http.predictors import Predictor, Predictors
from headway.models.bundle import DEFAULT_BUNDLE
from headway.verdict import Publication
from tests.waiting import eventually

HASH = sha256(DEFAULT_BUNDLE.read_bytes()).hexdigest()


class FarFiles(ArtifactFiles):
    """Files whose fetching takes until it may end."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.fetched: list[str | None] = []
        self.may_end = threading.Event()

    def local(self, relative: str, sha256: str | None = None) -> Path:
        self.fetched.append(sha256)
        assert self.may_end.wait(30)
        return super().local(relative, sha256)


@pytest.fixture
def files(app: Application) -> Iterator[FarFiles]:
    files = FarFiles(app.parts.open().service.files.root)
    yield files
    files.may_end.set()


@pytest.fixture
def predictors(app: Application, files: FarFiles) -> Predictors:
    return Predictors(app.parts.open().catalog, files)


@pytest.fixture
def far(app: Application, files: FarFiles) -> str:
    """The name of a model of alice's."""
    parts = app.parts.open()
    name = f"far-{uuid4().hex[:8]}"
    path = files.root / "models" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DEFAULT_BUNDLE, path)
    size = path.stat().st_size
    relative = f"models/{name}"
    made = Publication(
        id=str(uuid4()), kind="model", name=name, path=relative, sha256=HASH, size=size, meta={}
    )
    parts.service.store.artifacts.add("alice", made)
    return name


def asked_of(predictors: Predictors, reference: str) -> Predictor:
    found = predictors.find("alice", reference)
    assert isinstance(found, Predictor)
    return found


def test_a_model_that_is_fetched_holds_up_its_own_askers_alone(
    predictors: Predictors, files: FarFiles, far: str
) -> None:
    """They share one fetching, which is held to the hash; the bundled model answers meanwhile."""
    with ThreadPoolExecutor(4) as askers:
        asked = [askers.submit(predictors.find, "alice", far) for _ in range(4)]
        eventually(lambda: files.fetched)
        assert asked_of(predictors, "bundled:default").model_id == "bundled:default"
        files.may_end.set()
        assert len({id(one.result(30)) for one in asked}) == 1
    assert files.fetched == [HASH]


def test_a_model_that_cannot_be_loaded_is_tried_again(
    predictors: Predictors, files: FarFiles, far: str
) -> None:
    files.may_end.set()
    path = files.root / "models" / far
    path.write_bytes(b"torn")
    with pytest.raises(CorruptArtifact, match="SHA-256"):
        predictors.find("alice", far)
    shutil.copy(DEFAULT_BUNDLE, path)
    assert asked_of(predictors, far).model == f"{far}@1"
    assert len(files.fetched) == 2
