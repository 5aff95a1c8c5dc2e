"""What is left of the resources that a worker declares, such as `gpu=1`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from headway.operation import Operation
from headway.store.values.attempts import Want


class Spare:
    """Resources that are neither taken by an attempt nor spoken for by an earlier want."""

    def __init__(self, declared: Mapping[str, int], taken: Iterable[Mapping[str, int]]) -> None:
        self._left = Counter(declared)
        for one in taken:
            self._left.subtract(one)

    def want(self, operations: Sequence[Operation], limit: int) -> Want:
        """A want of these operations that there is enough for, whichever of them are claimed.

        It may be for fewer jobs than there is room for: the next claim takes what is left.
        """
        possible = [
            one
            for one in operations
            if all(self._left[name] >= count for name, count in one.resources.items())
        ]
        largest: Counter[str] = Counter()
        for one in possible:
            largest |= Counter(one.resources)
        for name, count in largest.items():
            limit = min(limit, self._left[name] // count)
        for name, count in largest.items():
            self._left[name] -= limit * count
        return Want([one.name for one in possible], limit)
