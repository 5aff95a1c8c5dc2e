"""Two processes that write as fast as they can: how long one waits for the other.

python -m benchmarks.writers [SECONDS]
"""

import sys

from benchmarks._service import data_dir, percentile, row
from tests.contract.committer import commits_of


def main(seconds: float = 10) -> None:
    """Print the commit of one alone, of each of two, and how they compare."""
    with data_dir() as directory:
        (alone,) = commits_of(directory, 1, seconds)
        together = commits_of(directory, 2, seconds)
    own = percentile(alone, 0.5)
    row("one writer: commit, p50 / p99 ms", _shown(alone))
    for number, took in enumerate(together, 1):
        row(f"writer {number} of two: commits, p50 / p99 ms", f"{len(took)}, {_shown(took)}")
        row("  p99 as a multiple of a commit alone", f"{percentile(took, 0.99) / own:.1f}")


def _shown(took: list[float]) -> str:
    return f"{percentile(took, 0.5) * 1000:.2f} / {percentile(took, 0.99) * 1000:.2f}"


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
