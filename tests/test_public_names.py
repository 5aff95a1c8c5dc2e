"""What `import headway` gives, and what it does not load for it."""

import subprocess
import sys

import pytest

import headway
from headway.operation import Operation


@pytest.mark.parametrize("name", headway.__all__)
def test_a_public_name_is_there(name: str) -> None:
    assert getattr(headway, name).__module__ == headway.HOMES[name]


def test_operation_is_the_decorator_also_after_its_module_was_imported() -> None:
    assert Operation.__module__ == "headway.operation"
    assert callable(headway.operation)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(headway, "nothing")  # noqa: B009 - mypy knows that it is not there


def test_importing_the_package_loads_nothing_of_it() -> None:
    loaded = "import sys, headway; print([name for name in sys.modules if 'pydantic' in name])"
    answer = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
