"""A file of the user's becomes a model only as he has sent it."""

from pathlib import Path
from typing import Self

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.errors import CorruptArtifact
from headway.operations.register import register_model
from headway.operations.requests.own import RegisterModel
from headway.own_model import model
from tests.operations.fake_context import FakeContext


@model("said")
class Said:
    """A model that is one word."""

    def __init__(self, word: str) -> None:
        self.word = word

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(path.read_text())

    def predict(self, texts: list[str]) -> list[str]:
        return [self.word for _ in texts]


def test_a_file_that_was_changed_on_disk_is_refused(tmp_path: Path) -> None:
    """Before it is loaded, let alone published."""
    path = tmp_path / "word.bin"
    path.write_text("yes")
    file = Artifact(id="f", kind="file", name="word.bin", path=path, sha256=hash_file(path))
    ctx = FakeContext(tmp_path, {"file": file}, own_models={"said": Said})  # type: ignore[dict-item]
    wish = RegisterModel(file="f", format="said", name="word")
    assert register_model(wish, ctx)["format"] == "said"
    path.write_text("no")
    with pytest.raises(CorruptArtifact, match=r"expected word\.bin to have the hash"):
        register_model(wish, ctx)
    assert len(ctx.published) == 1
