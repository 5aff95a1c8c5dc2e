"""What docs/client.md shows is run as it stands, against a real service."""

import re
from pathlib import Path

import pytest

from tests.client.service import Service

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_shown_example_runs(
    service: Service, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints something and raises nothing."""
    source = BLOCKS[number].replace("http://127.0.0.1:8000", service.url)
    exec(compile(source, f"{PAGE.name}-{number}", "exec"), {"__name__": "shown"})
    assert capsys.readouterr().out
