"""A model of your own: whatever you can load from a file and ask about texts, here rules in JSON.

    HEADWAY_OPERATIONS=own_model headway serve
    curl -F file=@rules.json '.../api/v1/models?name=rules&format=keywords'      # as alice
    POST /api/v1/predict {"text": "refund please", "model": "rules"}
    POST /api/v1/jobs    {"job_type": "batch_predict", "input": {"data": "mails", "model": "rules"}}

The file is data alone: pickles are refused, since loading one runs whatever code it names.
"""

import json
from pathlib import Path

from headway import model


@model("keywords", batch=64, wait_ms=5)
class Keywords:
    """The label whose words a text has most of; its share of all found words is the confidence."""

    def __init__(self, words: dict[str, list[str]]) -> None:
        self._label_of = {word: label for label, known in words.items() for word in known}

    @classmethod
    def load(cls, path: Path) -> "Keywords":
        """The rules in a JSON file: `{"billing": ["invoice", "refund"], ...}`."""
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def predict(self, texts: list[str]) -> list[tuple[str, float] | ValueError]:
        """One answer for each text; one that has no known word fails for itself."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> tuple[str, float] | ValueError:
        found = [self._label_of[word] for word in text.lower().split() if word in self._label_of]
        if not found:
            return ValueError("expected a word that the rules know, got none")
        best = max(sorted(set(found)), key=found.count)
        return best, found.count(best) / len(found)
