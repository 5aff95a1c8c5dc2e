"""The operations that one process knows, and the modules they are found in."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from headway.context import Context
from headway.errors import SettingsError, UnknownOperation
from headway.operation import operation
from headway.registry import Registry, load_registry


class Request(BaseModel):
    n: int = 1


@operation("resize")
def resize(request: Request, ctx: Context) -> int:
    return request.n


@operation("fetch")
def fetch(request: Request, ctx: Context) -> int:
    return request.n


def test_the_registry_knows_operations_by_name() -> None:
    registry = Registry([resize, fetch])
    assert registry.get("resize") is resize
    assert "fetch" in registry
    assert "train" not in registry
    assert list(registry) == [resize, fetch]


def test_an_unknown_operation_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        UnknownOperation, match="expected one of fetch, resize, got: 'train'"
    ) as caught:
        Registry([resize, fetch]).get("train")
    assert caught.value.errors[0][0] == "/job_type"


def test_a_long_name_is_cut_in_the_answer() -> None:
    with pytest.raises(UnknownOperation) as caught:
        Registry([resize]).get("x" * 10_000)
    assert len(str(caught.value)) < 200


def test_a_second_operation_of_one_name_is_refused_and_the_same_one_is_not() -> None:
    @operation("resize")
    def other(request: Request, ctx: Context) -> None: ...

    registry = Registry([resize])
    registry.add(resize)
    with pytest.raises(ValueError, match="got a second 'resize'; rename one"):
        registry.add(other)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_modules_are_searched_for_operations(on_path: Path) -> None:
    (on_path / "shop_operations.py").write_text(
        "from tests.test_registry import resize as imported\nx = 1\n"
    )
    assert [one.name for one in load_registry(["shop_operations"])] == ["resize"]


@pytest.mark.parametrize("text", [None, "import no_such_library_of_ours\n"])
def test_a_module_that_cannot_be_imported_is_named(on_path: Path, text: str | None) -> None:
    if text is not None:
        (on_path / "broken_operations.py").write_text(text)
    with pytest.raises(SettingsError, match="got 'broken_operations': No module named") as caught:
        load_registry(["broken_operations"])
    assert "check HEADWAY_OPERATIONS" in str(caught.value)
