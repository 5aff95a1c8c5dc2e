"""The Python that the documentation shows is Python that runs."""

import re
from pathlib import Path

import pytest

from headway.operation import Operation
from headway.own_model import OwnModel

ROOT = Path(__file__).parents[2]
# The client's examples need a service: tests/client runs them.
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.name != "client.md"
]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_shown_operation_can_be_registered(block: str) -> None:
    """Each block defines an operation or a kind of model when it is run as it stands."""
    names: dict[str, object] = {"__name__": "shown"}
    exec(compile(block, "shown", "exec"), names)
    assert any(isinstance(one, Operation | OwnModel) for one in names.values())
