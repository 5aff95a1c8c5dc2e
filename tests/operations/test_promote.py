from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headway.context import Artifact
from headway.errors import Interrupted, NotRetryable
from headway.models.bundle import DEFAULT_BUNDLE, Bundle
from headway.operations.promote import promote_model
from headway.operations.requests.promote import PromoteModel
from tests.operations.fake_context import FakeContext

REQUEST = PromoteModel(model="own@2", alias="champion", data="small", against="own@champion")


@pytest.fixture(scope="module")
def good(own_model: Artifact) -> Artifact:
    """The bundled model as one of alice's."""
    return replace(own_model, id="m2", version=2, owner="alice")


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """The same with weights that say nothing."""
    path = tmp_path_factory.mktemp("models") / "poor.npz"
    bundle = Bundle.load(DEFAULT_BUNDLE)
    nothing = replace(bundle.classifier, weights=np.zeros_like(bundle.classifier.weights))
    sha256 = replace(bundle, classifier=nothing).save(path)
    return Artifact(
        id="m1", kind="model", name="own", path=path, sha256=sha256, version=1, owner="alice"
    )


def context(
    folder: Path, small: Artifact, candidate: Artifact, champion: Artifact | None
) -> FakeContext:
    used = {"data": small, "model": candidate}
    return FakeContext(folder, used if champion is None else used | {"against": champion})


def test_a_better_candidate_gets_the_alias(
    tmp_path: Path, small: Artifact, good: Artifact, poor: Artifact
) -> None:
    ctx = context(tmp_path, small, good, poor)
    result = promote_model(REQUEST, ctx)
    assert (result["promoted"], result["reason"]) == (True, None)
    assert (ctx.aliases, ctx.conditions) == ([("model", "champion")], [(None, False)])
    assert result["candidate"]["macro_f1"] > result["champion"]["macro_f1"]
    assert (result["model"], result["rows"]) == ("own@2", 12_000)


def test_a_worse_one_is_refused_with_the_reason(
    tmp_path: Path, small: Artifact, good: Artifact, poor: Artifact
) -> None:
    """And the alias stays where it is; unless as much as that is allowed."""
    ctx = context(tmp_path, small, poor, good)
    result = promote_model(REQUEST, ctx)
    assert not result["promoted"]
    assert result["reason"].startswith("expected a macro F1 not worse than")
    assert ctx.aliases == []
    lenient = REQUEST.model_copy(update={"tolerance": 1.0})
    assert promote_model(lenient, context(tmp_path, small, poor, good))["promoted"]


def test_an_equal_one_is_not_worse(tmp_path: Path, small: Artifact, good: Artifact) -> None:
    assert promote_model(REQUEST, context(tmp_path, small, good, good))["promoted"]


def test_the_alias_moves_only_from_where_the_request_says(
    tmp_path: Path, small: Artifact, good: Artifact
) -> None:
    """Which the verdict's transaction looks at: not this attempt."""
    ctx = context(tmp_path, small, good, None)
    promote_model(REQUEST.model_copy(update={"against": None, "replaces": "own@1"}), ctx)
    assert ctx.conditions == [("replaces", False)]
    ctx = context(tmp_path, small, good, None)
    promote_model(PromoteModel(model="own@2", alias="champion", data="small", new=True), ctx)
    assert ctx.conditions == [(None, True)]
    with pytest.raises(ValueError, match="one of replaces, new"):
        PromoteModel(model="own@2", alias="champion", data="small", new=True, replaces="own@1")


def test_without_a_champion_only_the_bar_counts(
    tmp_path: Path, small: Artifact, good: Artifact, poor: Artifact
) -> None:
    bar = PromoteModel(model="own@1", alias="champion", data="small", at_least=0.5)
    refused = promote_model(bar, context(tmp_path, small, poor, None))
    assert refused["reason"].startswith("expected a macro F1 of at least 0.5, got: 0.")
    assert promote_model(bar, context(tmp_path, small, good, None))["champion"] is None


def test_an_interrupted_promotion_counts_each_row_once(
    tmp_path: Path, small: Artifact, good: Artifact, poor: Artifact
) -> None:
    whole = promote_model(REQUEST, context(tmp_path, small, good, poor))
    first = context(tmp_path, small, good, poor)
    first.interrupt_at = 2
    with pytest.raises(Interrupted):
        promote_model(REQUEST, first)
    assert first.aliases == []
    assert promote_model(REQUEST, first.after()) == whole


def test_only_ones_own_model_can_be_promoted(
    tmp_path: Path, small: Artifact, good: Artifact, default_model: Artifact
) -> None:
    for candidate in (default_model, replace(good, owner="bob")):
        with pytest.raises(NotRetryable, match="expected a model of yours"):
            promote_model(REQUEST, context(tmp_path, small, candidate, None))
