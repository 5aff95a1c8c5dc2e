import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headway.errors import CorruptArtifact
from headway.job import Json
from headway.models.bundle import DEFAULT_BUNDLE, Bundle


def test_a_bundle_survives_saving_and_loading(tmp_path: Path) -> None:
    """Saved again it has the same bytes, and the file is all there is in the folder."""
    bundle = Bundle.load(DEFAULT_BUNDLE)
    path = tmp_path / "model.npz"
    sha256 = bundle.save(path)
    assert path.read_bytes() == DEFAULT_BUNDLE.read_bytes()
    assert Bundle.load(path, sha256).metrics == bundle.metrics
    assert [each.name for each in tmp_path.iterdir()] == ["model.npz"]


def test_numpy_alone_can_read_the_arrays() -> None:
    """No pickle is needed, and none would be loaded."""
    with np.load(DEFAULT_BUNDLE, allow_pickle=False) as arrays:
        assert arrays["weights"].shape == (len(arrays["buckets"]), 6)


def test_the_default_bundle_knows_the_tickets() -> None:
    """It says what it was trained on, and how good it is."""
    bundle = Bundle.load(DEFAULT_BUNDLE)
    assert bundle.parameters["data"] == "sample"
    assert 0.85 < bundle.metrics["accuracy"] < 0.99
    assert bundle.classifier.predict_one("I cannot sign in on my phone").label == "login"
    assert DEFAULT_BUNDLE.stat().st_size < 1_500_000


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    """With the recorded hash at hand, any change is."""
    path = tmp_path / "model.npz"
    sha256 = Bundle.load(DEFAULT_BUNDLE).save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptArtifact, match=f"expected model.npz to have SHA-256 {sha256}"):
        Bundle.load(path, sha256)


def test_a_bundle_of_another_version_says_so(tmp_path: Path) -> None:
    """The error names both versions and what to do."""
    path = tmp_path / "model.npz"
    rewrite(path, lambda about: {**about, "version": 99})
    with pytest.raises(CorruptArtifact, match=r"of version 99 .*train the model again"):
        Bundle.load(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_bundle_says_so(tmp_path: Path, content: bytes) -> None:
    """Whatever it is instead."""
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(CorruptArtifact, match="expected a model bundle"):
        Bundle.load(path)


def test_arrays_that_do_not_fit_the_classes_are_refused(tmp_path: Path) -> None:
    """A model that would index out of its weights is never built."""
    path = tmp_path / "model.npz"
    rewrite(path, lambda about: {**about, "classes": ["one", "two", "three"]})
    with pytest.raises(CorruptArtifact, match="shapes"):
        Bundle.load(path)


def rewrite(path: Path, change: Callable[[Json], Json]) -> None:
    """Write the default bundle with another `bundle.json`."""
    with zipfile.ZipFile(DEFAULT_BUNDLE) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "bundle.json":
                content = json.dumps(change(json.loads(content))).encode()
            target.writestr(name, content)
