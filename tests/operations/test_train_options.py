"""What a training can be told beyond its data: features, weights, a validation set."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact
from headway.data.samples import bundled_rows
from headway.errors import Interrupted, NotRetryable
from headway.job import Json
from headway.models.bundle import Bundle
from headway.operations import train
from headway.operations.requests.train import Example, TrainModel
from headway.operations.train import train_model
from tests.operations.conftest import write
from tests.operations.fake_context import FakeContext

ROWS = list(bundled_rows("sample"))


@pytest.fixture(autouse=True)
def checkpoint_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "_CHECKPOINT_SECONDS", 0.0)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """200 rows of the sample, as a data set of a user's."""
    return dataset(tmp_path_factory.mktemp("few") / "few.parquet", ROWS[:200])


def dataset(path: Path, rows: list[tuple[str, str]]) -> Artifact:
    write(path, ("text", "label"), rows)
    return Artifact(id=path.stem, kind="dataset", name=path.stem, path=path, sha256=hash_file(path))


def trained(ctx: FakeContext, **asked: Json) -> Mapping[str, Json]:
    return train_model(TrainModel(data="few", epochs=3, **asked), ctx)


def test_auto_tells_what_it_tried_and_takes_the_best(tmp_path: Path, few: Artifact) -> None:
    """Its choice stands in the result, in the model's parameters and in the bundle."""
    ctx = FakeContext(tmp_path, {"data": few})
    result = trained(ctx, features="auto")
    best = max(result["trials"], key=lambda trial: (trial["accuracy"], trial["macro_f1"]))
    assert len(result["trials"]) == 5
    assert (result["features"], result["penalty"]) == (best["features"], best["penalty"])
    path = tmp_path / "model.npz"
    path.write_bytes(ctx.published[0].content)
    bundle = Bundle.load(path)
    assert bundle.classifier.features == bundle.parameters["features"] == best["features"]
    assert ctx.published[0].meta["parameters"]["penalty"] == best["penalty"]


def test_a_penalty_asked_for_is_not_varied(tmp_path: Path, few: Artifact) -> None:
    """`auto` then tries each of the features once."""
    result = trained(FakeContext(tmp_path, {"data": few}), features="auto", penalty=0.5)
    assert [trial["penalty"] for trial in result["trials"]] == [0.5] * 3
    assert result["penalty"] == 0.5


@pytest.mark.parametrize("checkpoint", [2, 5, 7])
def test_an_auto_training_interrupted_anywhere_gives_the_same_model(
    tmp_path: Path, few: Artifact, checkpoint: int
) -> None:
    """No trial is made twice, and the bundle has the bytes of an undisturbed run."""
    whole = FakeContext(tmp_path / "whole", {"data": few})
    expected = trained(whole, features="auto")
    first = FakeContext(tmp_path / "parts", {"data": few}, interrupt_at=checkpoint)
    with pytest.raises(Interrupted):
        trained(first, features="auto")
    second = first.after()
    assert trained(second, features="auto") == expected
    assert second.published[0].content == whole.published[0].content
    assert len(first.checkpoints) + len(second.checkpoints) == len(whole.checkpoints)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    tmp_path: Path, few: Artifact
) -> None:
    """Whatever the features."""
    contents = []
    for number, seed in enumerate((5, 5, 6)):
        ctx = FakeContext(tmp_path / str(number), {"data": few})
        trained(ctx, features="words+characters", seed=seed)
        contents.append(ctx.published[0].content)
    assert contents[0] == contents[1] != contents[2]


def test_a_given_validation_set_is_measured_on_and_never_learned(
    tmp_path: Path, few: Artifact
) -> None:
    """The model is the same whatever the validation set is; the figures are of its rows."""
    results, contents = [], []
    for name, rows in (("a", ROWS[400:700]), ("b", ROWS[700:900])):
        given = dataset(tmp_path / f"{name}.parquet", rows)
        ctx = FakeContext(tmp_path / name, {"data": few, "validation_data": given})
        results.append(trained(ctx, validation_data=name))
        path = tmp_path / f"{name}.npz"
        path.write_bytes(ctx.published[0].content)
        contents.append(Bundle.load(path).classifier)
    assert [result["held_out"] for result in results] == [300, 200]
    assert [result["rows"] for result in results] == [500, 400]
    assert (contents[0].weights == contents[1].weights).all()
    assert (contents[0].idf == contents[1].idf).all()
    assert all(one["text"] == ROWS[400 + one["row"]][0][:200] for one in results[0]["confused"])


def test_validation_labels_that_training_lacks_are_refused(tmp_path: Path, few: Artifact) -> None:
    """The error names them and says what to do."""
    given = dataset(tmp_path / "odd.parquet", [("a poem", "poetry"), ("a parcel", "delivery")])
    ctx = FakeContext(tmp_path, {"data": few, "validation_data": given})
    with pytest.raises(NotRetryable, match=r"got: 'poetry'; filter or map"):
        trained(ctx, validation_data="odd")


def test_a_weight_moves_the_answers_toward_its_label(tmp_path: Path) -> None:
    """A text on the border goes to the label that was told to count more."""
    examples = [
        Example(text=text, label=label)
        for text, label in [("red round", "a"), ("red square", "b")] * 10
    ]
    for heavy in ("a", "b"):
        ctx = FakeContext(tmp_path / heavy)
        train_model(TrainModel(examples=examples, class_weights={heavy: 50.0}), ctx)
        path = tmp_path / f"{heavy}.npz"
        path.write_bytes(ctx.published[0].content)
        assert Bundle.load(path).classifier.predict_one("red").label == heavy


def test_balanced_classes_find_more_of_a_rare_label(tmp_path: Path) -> None:
    """Its recall on the rows it was trained on does not fall."""
    rare = [row for row in ROWS if row[1] == "login"][:15]
    often = [row for row in ROWS if row[1] != "login"][:600]
    data = dataset(tmp_path / "rare.parquet", rare + often)
    found = []
    for weights in (None, "balanced"):
        ctx = FakeContext(tmp_path / str(weights), {"data": data})
        trained(ctx, class_weights=weights, penalty=0.02)
        path = tmp_path / f"{weights}.npz"
        path.write_bytes(ctx.published[0].content)
        classifier = Bundle.load(path).classifier
        found.append(sum(classifier.predict_one(text).label == "login" for text, _ in rare))
    assert found[1] > found[0]


def test_weights_of_labels_that_are_not_there_are_refused(tmp_path: Path, few: Artifact) -> None:
    """Rather than ignored."""
    with pytest.raises(NotRetryable, match=r"got: 'poetry'; name labels"):
        trained(FakeContext(tmp_path, {"data": few}), class_weights={"poetry": 2.0})


def test_texts_on_both_sides_of_the_split_are_a_warning(tmp_path: Path, few: Artifact) -> None:
    """Their number is in the result; different texts give no warning."""
    doubled = dataset(tmp_path / "doubled.parquet", ROWS[:100] * 2)
    result = trained(FakeContext(tmp_path, {"data": doubled}))
    assert 0 < result["shared_texts"] <= result["held_out"]
    assert f"{result['shared_texts']} of the {result['held_out']} held-out" in result["warnings"][0]
    different = dataset(tmp_path / "different.parquet", list(dict(ROWS[:300]).items()))
    assert trained(FakeContext(tmp_path, {"data": different}))["warnings"] == []


def test_the_rows_that_confuse_the_model_are_named(tmp_path: Path) -> None:
    """A row with a wrong label stands first, with its number, its text and what was said."""
    rows = [row for row in ROWS if row[1] in ("login", "delivery")][:300]
    wrong = [(text, "delivery" if label == "login" else "login") for text, label in rows[:30]]
    data = dataset(tmp_path / "wrong.parquet", wrong + rows[30:])
    confused = trained(FakeContext(tmp_path, {"data": data}), validation=0.5)["confused"]
    assert [one["confidence"] for one in confused] == sorted(
        (one["confidence"] for one in confused), reverse=True
    )
    assert confused[0]["row"] < 30
    assert confused[0]["text"] == wrong[confused[0]["row"]][0]
    assert confused[0]["label"] != confused[0]["prediction"]
