"""A trained model as one file: a zip that numpy reads, without pickles, the same bytes each time.

Members: `buckets.npy`, `idf.npy`, `weights.npy`, `bias.npy` and `bundle.json` with the format's
version, the classes, the vectoriser's settings, the scale and what training measured.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headway.durable import write_durably
from headway.errors import CorruptArtifact
from headway.job import Json
from headway.models.classifier import Classifier
from headway.models.features import GRAMS, Features, width_of
from headway.models.grams import BITS

VERSION: Final = 1
DEFAULT_BUNDLE: Final = Path(__file__).with_name("default.npz")
"""The model that comes with the package, trained on the synthetic `sample` data set."""

Dtype = type[np.int32] | type[np.float32]

_FORMAT: Final = "headway-text-classifier"
_VECTORISERS: Final[Mapping[Features, Json]] = {
    features: {"grams": grams, "hash": "crc32", "bits": BITS} for features, grams in GRAMS.items()
}
_ARRAYS: Final[Mapping[str, Dtype]] = {
    "buckets": np.int32,
    "idf": np.float32,
    "weights": np.float32,
    "bias": np.float32,
}
_LARGEST: Final = 1 << 30
"""Bytes a member may unpack to: no zip bomb is followed further."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """A classifier with what is known about it."""

    classifier: Classifier
    metrics: Mapping[str, Json] = field(default_factory=dict)
    """What training measured, as JSON."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """What training was asked to do, as JSON."""

    def save(self, path: Path) -> str:
        """Write the file so that it is there whole or not at all, and return its SHA-256. Equal
        bundles give equal bytes."""
        content = self._bytes()
        write_durably(path, content)
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def load(cls, path: Path, expected_sha256: str | None = None) -> "Bundle":
        """Read a file that `save` wrote. `CorruptArtifact` when its hash is not the expected one,
        or when it is no bundle of this version."""
        content = path.read_bytes()
        _check_hash(content, expected_sha256, path)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                about = json.loads(_member(archive, "bundle.json"))
                _check_version(about)
                arrays = {name: _array(archive, name, dtype) for name, dtype in _ARRAYS.items()}
            return cls(_classifier(about, arrays), about["metrics"], about["parameters"])
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
            raise CorruptArtifact(
                f"expected a model bundle, got a file that is none ({path.name}: {error});"
                " train the model again"
            ) from error

    def _bytes(self) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            _add(archive, "bundle.json", json.dumps(self._about(), sort_keys=True).encode())
            for name, dtype in _ARRAYS.items():
                values = np.ascontiguousarray(getattr(self.classifier, name), dtype=dtype)
                _add(archive, f"{name}.npy", _npy(values))
        return buffer.getvalue()

    def _about(self) -> dict[str, Json]:
        return {
            "format": _FORMAT,
            "version": VERSION,
            "classes": list(self.classifier.classes),
            "vectoriser": _VECTORISERS[self.classifier.features],
            "scale": self.classifier.scale,
            "metrics": dict(self.metrics),
            "parameters": dict(self.parameters),
        }


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    archive.writestr(member, content)


def _npy(values: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def _check_hash(content: bytes, expected: str | None, path: Path) -> None:
    got = hashlib.sha256(content).hexdigest()
    if expected is not None and got != expected:
        raise CorruptArtifact(
            f"expected {path.name} to have SHA-256 {expected}, got: {got};"
            " restore the file or train the model again"
        )


def _check_version(about: Json) -> None:
    got = (about["format"], about["version"])
    if got != (_FORMAT, VERSION) or about["vectoriser"] not in _VECTORISERS.values():
        raise CorruptArtifact(
            f"expected a {_FORMAT} of version {VERSION} with one of"
            f" {', '.join(map(repr, GRAMS.values()))}, got: {got[0]!r} of version {got[1]!r} with"
            f" {about['vectoriser']!r}; train the model again with this release"
        )


def _features(about: Json) -> Features:
    return next(key for key, value in _VECTORISERS.items() if value == about["vectoriser"])


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} unpacks to more than {_LARGEST} bytes")
    return archive.read(name)


def _array(archive: zipfile.ZipFile, name: str, dtype: Dtype) -> NDArray[Any]:
    values: NDArray[Any] = np.load(io.BytesIO(_member(archive, f"{name}.npy")), allow_pickle=False)
    if values.dtype != dtype:
        raise ValueError(f"{name} is {values.dtype}, not {np.dtype(dtype)}")
    return values


def _classifier(about: Json, arrays: Mapping[str, NDArray[Any]]) -> Classifier:
    classes = tuple(str(name) for name in about["classes"])
    width = 1 if len(classes) == 2 else len(classes)
    columns = len(arrays["buckets"])
    shapes = {name: values.shape for name, values in arrays.items()}
    expected = {
        "buckets": (columns,),
        "idf": (columns,),
        "weights": (columns, width),
        "bias": (width,),
    }
    if shapes != expected:
        raise ValueError(f"arrays of shapes {expected} were expected, got {shapes}")
    features = _features(about)
    _check_buckets(arrays["buckets"], width_of(features))
    return Classifier(classes, **arrays, scale=float(about["scale"]), features=features)


def _check_buckets(buckets: NDArray[np.int32], width: int) -> None:
    growing = bool((np.diff(buckets) > 0).all())
    if len(buckets) and not (growing and buckets[0] >= 0 and buckets[-1] < width):
        raise ValueError(f"growing buckets from 0 to {width} were expected, got others")
