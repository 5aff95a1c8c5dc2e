"""Models of the user's own: how they are registered, what they answer, and which files are none."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headway.operation import Registry
from headway.own_model import OwnModel, ask, model, pickled


class Moody:
    """Fails for some texts, and for whole batches that hold one of them."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def predict(self, texts: list[str]) -> list[Any]:
        self.calls.append(len(texts))
        if "bad" in texts:
            raise ValueError("no idea")
        return [RuntimeError("odd one") if text == "odd" else (text.upper(), 0.5) for text in texts]


def test_texts_are_asked_about_in_batches_and_one_that_fails_fails_alone() -> None:
    moody = Moody()
    answers = ask(moody, ["a", "b", "odd", "bad", "c"], 3)
    assert [one["prediction"] for one in answers] == ["A", "B", None, None, "C"]
    assert [one.get("error") for one in answers] == [None, None, "odd one", "no idea", None]
    assert moody.calls == [3, 2, 1, 1]


@pytest.mark.parametrize("said", [["one"], "x", None, [1, 2, 3]])
def test_answers_that_do_not_fit_are_errors(said: Any) -> None:
    class Odd:
        def predict(self, texts: list[str]) -> Any:
            return said

    answers = ask(Odd(), ["a", "b"], 10)
    assert len(answers) == 2
    if said != ["one"]:
        assert all("error" in one or one["prediction"] for one in answers)


def test_a_label_may_come_without_a_confidence() -> None:
    class Plain:
        def predict(self, texts: list[str]) -> list[str]:
            return texts

    assert ask(Plain(), ["a"], 1) == [{"prediction": "a", "confidence": None}]


def test_a_class_without_load_or_predict_is_refused() -> None:
    with pytest.raises(TypeError, match="without load"):
        model("moody")(Moody)
    with pytest.raises(ValueError, match="expected a name"):
        model("Not A Name")
    with pytest.raises(ValueError, match="expected a batch"):
        model("fine", batch=0)


def test_two_kinds_of_one_name_are_refused() -> None:
    registry = Registry()
    registry.add_model(OwnModel(name="a", loads=_Loads()))
    with pytest.raises(ValueError, match="a second 'a'"):
        registry.add_model(OwnModel(name="a", loads=_Loads()))


class _Loads:
    def load(self, path: Path) -> Moody:
        return Moody()


def _archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, pickle.dumps({"a": 1}))
    return buffer.getvalue()


def _objects() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}, None], dtype=object), allow_pickle=True)
    return buffer.getvalue()


PICKLES = {
    **{f"protocol {n}": pickle.dumps({"weights": [1.0, 2.0]}, protocol=n) for n in range(6)},
    "an instruction": b"cos\nsystem\n(S'true'\ntR.",
    "zlib": zlib.compress(pickle.dumps([1])),
    "gzip": gzip.compress(pickle.dumps([1])),
    "bz2": bz2.compress(pickle.dumps([1])),
    "xz": lzma.compress(pickle.dumps([1])),
    "an archive": _archive("model/data.pkl"),
    "an array of objects": _objects(),
}


@pytest.mark.parametrize("content", PICKLES.values(), ids=PICKLES.keys())
def test_a_pickle_is_refused_whatever_it_is_called(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    refused = pickled(path, "model.bin")
    assert refused is not None
    assert "pickles, joblib's among them, run whatever code they name" in refused


def test_a_file_named_as_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"anything")
    for name in ("model.pkl", "model.JOBLIB", "net.pt"):
        assert pickled(path, name) is not None


def test_data_is_no_pickle(tmp_path: Path) -> None:
    numbers = io.BytesIO()
    np.savez(numbers, weights=np.ones(3))
    safetensors = b'\x40\x00\x00\x00\x00\x00\x00\x00{"w":{"dtype":"F32"}}'
    for content in (b"", b"{}", json.dumps({"a": ["b"]}).encode(), numbers.getvalue(),
                    safetensors, gzip.compress(b"plain"), b"label,word\n", b"(a list)"):  # fmt: skip
        path = tmp_path / "model"
        path.write_bytes(content)
        assert pickled(path, "model") is None, content
