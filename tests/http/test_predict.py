"""One text, classified at once, and what is written after the answer."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from headway.http.application import Application
from tests.http.conftest import Headers

PREDICT = "/api/v1/predict"


def test_a_text_is_classified_at_once(client: TestClient, bob: Headers) -> None:
    """With a confidence, all probabilities, and the model that was asked."""
    answer = client.post(PREDICT, json={"text": "I was charged twice"}, headers=bob)
    assert answer.status_code == 200
    said = answer.json()
    assert said.keys() == {"prediction", "confidence", "probabilities", "model", "model_id"}
    assert sum(said["probabilities"].values()) == pytest.approx(1)
    assert said["confidence"] == max(said["probabilities"].values())
    assert said["probabilities"][said["prediction"]] == said["confidence"]
    assert (said["model"], said["model_id"]) == ("default", "bundled:default")


def test_a_prediction_is_logged_after_the_answer(
    app: Application, client: TestClient, bob: Headers
) -> None:
    """One JSON line with time, user, text and prediction."""
    text = 'a "quoted" text\nwith ünusual characters'
    said = client.post(PREDICT, json={"text": text}, headers=bob).json()
    log = app.parts.open().settings.data_dir / "predictions.jsonl"
    last = json.loads(log.read_text().splitlines()[-1])
    assert last.keys() == {"time", "user", "text", "prediction"}
    assert (last["user"], last["text"], last["prediction"]) == ("bob", text, said["prediction"])


@pytest.fixture
def no_default_left(client: TestClient, alice: Headers) -> Iterator[None]:
    """Other tests of alice's ask the model that comes with the package."""
    yield
    client.delete("/api/v1/models/fruit/aliases/default", headers=alice).raise_for_status()


def test_one_s_own_model_and_alias_come_first(
    client: TestClient,
    alice: Headers,
    bob: Headers,
    finished: Callable[[str], Any],
    no_default_left: None,
) -> None:
    """An alias `default` of the user's own is asked from the moment it exists, for him alone."""
    texts = [f"{word} number {n}" for n in range(20) for word in ("apple", "stone")]
    examples = [{"text": text, "label": text.split()[0]} for text in texts]
    body = {"examples": examples, "name": "fruit", "alias": "default", "epochs": 3}
    job_id = client.post("/api/v1/jobs/train-model", json=body, headers=alice).json()["job_id"]
    model_id = finished(job_id)["result"]["model_id"]
    for fields in ({}, {"model": "fruit"}, {"model": "fruit@1"}, {"model": "fruit@default"}):
        said = client.post(PREDICT, json={"text": "an apple", **fields}, headers=alice).json()
        assert (said["prediction"], said["model_id"]) == ("apple", model_id)
        assert said["model"] == "fruit@1"
    bundled = {"text": "an apple", "model": "bundled:default"}
    said = client.post(PREDICT, json=bundled, headers=alice).json()
    assert said["model_id"] == "bundled:default"
    said = client.post(PREDICT, json={"text": "an apple"}, headers=bob).json()
    assert said["model_id"] == "bundled:default"
    assert (
        client.post(PREDICT, json={"text": "x", "model": "fruit"}, headers=bob).status_code == 422
    )
    assert (
        client.post(PREDICT, json={"text": "x", "model": model_id}, headers=bob).status_code == 422
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/text"),
        ({"text": 7}, "/text"),
        ({"text": None}, "/text"),
        ({"text": "x", "model": ""}, "/model"),
        ({"text": "x", "model": "no such model"}, "/model"),
        ({"text": "x", "more": 1}, "/more"),
    ],
)
def test_a_wrong_question_is_422(
    client: TestClient, alice: Headers, body: dict[str, Any], pointer: str
) -> None:
    """And pointed to."""
    answer = client.post(PREDICT, json=body, headers=alice)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("text", ["", " ", "x" * 50_000, "🦜" * 100])
def test_any_text_has_an_answer(client: TestClient, alice: Headers, text: str) -> None:
    """Empty, long and strange ones too."""
    assert client.post(PREDICT, json={"text": text}, headers=alice).status_code == 200
