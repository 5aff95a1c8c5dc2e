"""The decorator, and which fields name artefacts."""

from pathlib import Path
from typing import Annotated, Any, Optional

import pytest
from pydantic import BaseModel, Field

from headway.context import Context, DatasetName, FileId, ModelName
from headway.operation import Operation, operation
from headway.retry import Backoff


class Request(BaseModel):
    n: int = 1


@operation("resize", max_attempts=5, timeout=60, memory_mb=256, backoff=Backoff(base=2, cap=9))
def resize(request: Request, ctx: Context) -> int:
    return request.n


@operation("fetch")
async def fetch(request: Request, ctx: Context) -> int:
    return request.n


def test_the_decorator_makes_an_operation_of_a_function() -> None:
    assert isinstance(resize, Operation)
    assert (resize.name, resize.input, resize.max_attempts) == ("resize", Request, 5)
    assert (resize.timeout, resize.memory, resize.backoff.cap) == (60, 256 * 2**20, 9)
    assert resize.load()(Request(n=3), None) == 3


def test_a_coroutine_function_is_known_as_one() -> None:
    assert (resize.is_async, fetch.is_async) == (False, True)


def test_an_operation_that_is_only_named_is_imported_when_it_is_loaded() -> None:
    named = Operation(name="join", function="os.path:join", input=Request)
    assert not named.is_async
    assert named.load()("a", "b") == str(Path("a") / "b")


@pytest.mark.parametrize("name", ["", "Resize", "1st", "re-size", "a b", "a" * 65, "é", "x\n"])
def test_a_name_that_would_not_fit_everywhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name of a-z, 0-9 and _"):
        operation(name)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"max_attempts": 0}, "expected max_attempts of at least 1, got: 0"),
        ({"timeout": 0}, "expected a timeout above 0 seconds, got: 0"),
        ({"timeout": -1.5}, r"expected a timeout above 0 seconds, got: -1\.5"),
        ({"stall_timeout": 0}, "expected a stall_timeout above 0 seconds, got: 0"),
        ({"timeout": float("nan")}, "expected a timeout above 0 seconds, got: nan"),
        ({"memory_mb": 0}, "expected memory_mb of at least 1, got: 0"),
    ],
)
def test_a_bound_that_no_attempt_can_keep_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        operation("resize", **given)


def test_a_function_must_take_a_model_first() -> None:
    def nothing() -> None: ...
    def untyped(request, ctx): ...  # type: ignore[no-untyped-def]  # the mistake under test
    def a_dict(request: dict[str, int], ctx: Context) -> None: ...

    wrong: list[Any] = [nothing, untyped, a_dict]
    for function in wrong:
        with pytest.raises(TypeError, match=f"expected '{function.__name__}' to take") as caught:
            operation("resize")(function)
        assert "got a first parameter annotated" in str(caught.value)


def test_fields_that_name_artefacts_are_known_also_when_they_are_optional() -> None:
    class Training(BaseModel):
        data: DatasetName
        base: ModelName | None = None
        old: Optional[ModelName] = None  # noqa: UP045 - both ways to write it are in use
        upload: Annotated[FileId, Field(description="a file")] = "x"
        texts: list[str] = []
        label: str = "label"

    @operation("train")
    def train(request: Training, ctx: Context) -> None: ...

    assert train.references == {
        "data": "dataset", "base": "model", "old": "model", "upload": "file",
    }  # fmt: skip
    assert resize.references == {}


def test_artefacts_within_a_list_are_refused_rather_than_not_pinned() -> None:
    class Merge(BaseModel):
        sources: list[DatasetName]

    class Pick(BaseModel):
        by_label: dict[str, ModelName] | None = None

    for model, field in ((Merge, "sources"), (Pick, "by_label")):

        def merge(request: Any, ctx: Context) -> None: ...

        merge.__annotations__["request"] = model
        with pytest.raises(TypeError, match=f"'{field}' to name one artefact, got several in one"):
            operation("merge")(merge)
