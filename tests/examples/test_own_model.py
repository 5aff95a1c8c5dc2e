"""The example of a model of one's own: what it loads, and what it answers."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from headway.own_model import OwnModel, ask
from headway.registry import load_registry


@pytest.fixture
def keywords() -> OwnModel:
    example: Any = importlib.import_module("own_model")
    own: OwnModel = example.Keywords
    return own


def test_the_rules_answer_and_say_how_sure_they_are(keywords: OwnModel, tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"billing": ["invoice", "refund"], "parcels": ["parcel"]}))
    answers = ask(keywords.load(path), ["refund my parcel refund", "parcel", "hello"], 64)
    assert [one["prediction"] for one in answers] == ["billing", "parcels", None]
    assert answers[0]["confidence"] == pytest.approx(2 / 3)
    assert answers[2]["error"] == "expected a word that the rules know, got none"


def test_it_is_registered_under_its_name(keywords: OwnModel) -> None:
    assert load_registry(["own_model"]).models == {"keywords": keywords}
