"""Loaded models, ready to classify one text: the only place in HTTP that knows what a model is."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from headway.artifacts import BUNDLED_PREFIX, ArtifactFiles
from headway.catalog import Catalog
from headway.errors import UnknownArtifact
from headway.job import Json
from headway.models.bundle import DEFAULT_BUNDLE, Bundle
from headway.models.classifier import Classifier
from headway.models.explain import explain
from headway.store.values.artifacts import StoredArtifact

DEFAULT: Final = "default"
_MOST_LOADED: Final = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says about a text."""

    prediction: str
    confidence: float
    probabilities: dict[str, float]
    model: str
    model_id: str


@dataclass(frozen=True, slots=True)
class Predictor:
    """A loaded model under the name its user knows."""

    model: str
    model_id: str
    classifier: Classifier

    def predict(self, text: str) -> Answer:
        """Classify one text."""
        said = self.classifier.predict_one(text)
        shares = dict(zip(self.classifier.classes, said.probabilities.tolist(), strict=True))
        return Answer(said.label, said.confidence, shares, self.model, self.model_id)

    def explain(self, text: str) -> dict[str, Json]:
        """Why it says what it says of a text."""
        found = explain(self.classifier, text)
        return {
            "label": found.label,
            "bias": found.bias,
            "tokens": [{"token": token, "weight": weight} for token, weight in found.tokens],
            "rest": found.rest,
            "score": found.score,
        }


class Predictors:
    """Finds the model a user means, and keeps those used last in memory."""

    def __init__(self, catalog: Catalog, files: ArtifactFiles) -> None:
        self._catalog = catalog
        self._files = files
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, Predictor] = OrderedDict()
        self._loading: dict[str, threading.Lock] = {}

    def find(self, owner: str, reference: str | None) -> Predictor | StoredArtifact:
        """The model of this name; without one the user's alias `default`, then the bundled one.

        A model of somebody's own kind is not loaded here: it is given as it is stored.
        """
        try:
            found = self._catalog.meant(owner, "model", reference or DEFAULT)
        except UnknownArtifact as error:
            raise UnknownArtifact(str(error), pointer="/model") from None
        if isinstance(found, StoredArtifact) and "format" in found.meta:
            return found
        key = found if isinstance(found, str) else found.id
        with self._lock:
            if (known := self._known(key)) is not None:
                return known
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:  # others of the same model wait here, and nobody else does
            return self._loaded_once(key, found)

    def about(self) -> dict[str, Json]:
        """What is known about a model that comes with the package."""
        bundle = Bundle.load(DEFAULT_BUNDLE)
        return {
            "classes": list(bundle.classifier.classes),
            "metrics": dict(bundle.metrics),
            "parameters": dict(bundle.parameters),
        }

    def _known(self, key: str) -> Predictor | None:
        known = self._loaded.get(key)
        if known is not None:
            self._loaded.move_to_end(key)
        return known

    def _loaded_once(self, key: str, found: StoredArtifact | str) -> Predictor:
        """The model, unless it was loaded while we waited for whoever loads it."""
        with self._lock:
            if (known := self._known(key)) is not None:
                return known
        try:
            known = self._load(found)
        finally:
            with self._lock:
                self._loading.pop(key, None)
        with self._lock:
            self._loaded[key] = known
            if len(self._loaded) > _MOST_LOADED:
                self._loaded.popitem(last=False)
        return known

    def _load(self, found: StoredArtifact | str) -> Predictor:
        if isinstance(found, str):
            name = found.removeprefix(BUNDLED_PREFIX)
            return Predictor(name, found, Bundle.load(DEFAULT_BUNDLE).classifier)
        bundle = Bundle.load(self._files.local(found.path, found.sha256), found.sha256)
        return Predictor(f"{found.name}@{found.version}", found.id, bundle.classifier)
