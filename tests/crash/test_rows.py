"""Every row of the fault matrix, a few times; `scripts/bench crash` runs them in full."""

import pytest

from tests.conftest import skip_or_fail
from tests.crash.matrix import Row, Tally, run_row
from tests.crash.rows import ROWS


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.short], ids=lambda row: f"row {row.number}, {row.title}"
)
def test_no_promise_is_broken(row: Row) -> None:
    """Whatever happens: nothing lost, nothing twice, nothing hangs, every result right."""
    if (reason := row.barred()) is not None:
        skip_or_fail(reason) if "install" in reason else pytest.skip(reason)
    tally = Tally()
    run_row(row, row.short, tally, quick=True)
    assert tally.violations == []
    assert tally.repetitions >= row.short
