"""Which files are refused as pickles, and which are not."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from headway.pickles import pickled


def _archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, pickle.dumps({"a": 1}))
    return buffer.getvalue()


def _objects() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}, None], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def _object_arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, w=np.ones(3), o=np.array([{}, None], dtype=object))
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
    "arrays of objects": _object_arrays(),
    "a text before an instruction": b"(S'echo ran'\nios\nsystem\n.",
    "a none before an instruction": b"N0cos\nsystem\n(S'true'\ntR.",
    "a number before an instruction": b"I1\n0cos\nsystem\n(S'true'\ntR.",
    "an instruction, packed": zlib.compress(b"N0cos\nsystem\n(S'true'\ntR."),
    "names on the stack": b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "an archive with one under another name": _archive("weights.bin"),
}


@pytest.mark.parametrize("content", PICKLES.values(), ids=PICKLES.keys())
def test_a_pickle_is_refused_whatever_it_is_called(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    refused = pickled(path, "model.bin")
    assert refused is not None
    assert "pickles, joblib's among them, run whatever code they name" in refused


def test_an_archive_with_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Else whatever comes after it in the archive would not be looked at."""
    path = tmp_path / "model"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("first", b"data")
        archive.writestr("second", pickle.dumps({"a": 1}))
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + flags] |= 1  # says that the first one is encrypted
    path.write_bytes(content)
    refused = pickled(path, "model")
    assert refused is not None
    assert "that cannot be read ('first')" in refused


def test_a_file_named_as_a_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"anything")
    for name in ("model.pkl", "model.JOBLIB", "net.pt"):
        assert pickled(path, name) is not None


def _array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(b"|O" * 8, np.uint8))
    return buffer.getvalue()


def test_data_is_no_pickle(tmp_path: Path) -> None:
    numbers = io.BytesIO()
    np.savez(numbers, weights=np.ones(3))
    safetensors = b'\x40\x00\x00\x00\x00\x00\x00\x00{"w":{"dtype":"F32"}}'
    for content in (b"", b"{}", json.dumps({"a": ["b"]}).encode(), numbers.getvalue(),
                    safetensors, gzip.compress(b"plain"), b"label,word\n", b"(a list)", b"RIFF....WAVE",
                    b"category,label\nfoo,bar\n", _array(), b"I am text\nS0 is this\n",
                    b"PK\x03\x04 no archive"):  # fmt: skip
        path = tmp_path / "model"
        path.write_bytes(content)
        assert pickled(path, "model") is None, content
