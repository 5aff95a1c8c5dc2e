"""The curves of a job's metrics in a line of text."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_LONGEST: Final = 40


class Curves:
    """Remembers the points of each named number."""

    def __init__(self) -> None:
        self._points: defaultdict[str, list[float]] = defaultdict(list)

    def line(self, step: int, values: Mapping[str, float]) -> str:
        """The numbers of a step, and the curve so far of the last one that is named."""
        for name, value in values.items():
            self._points[name].append(value)
        told = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        curve = sparkline(self._points[list(values)[-1]]) if values else ""
        return f"step {step:>3}  {told}  {curve}".rstrip()


def sparkline(points: Sequence[float]) -> str:
    """The last points as blocks, the lowest and the highest of all filling the height."""
    low, high = min(points), max(points)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((one - low) * scale)] for one in points[-_LONGEST:])
