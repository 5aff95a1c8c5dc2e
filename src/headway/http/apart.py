"""What cannot be done for one of many must not keep the others from it."""

from collections.abc import Callable, Sequence
from typing import Final

from headway.errors import StoreError

DEFECT_SECONDS: Final = 1.0
"""Before what failed for no reason of the store's is tried again."""


def each_if_not_all(
    keys: Sequence[str],
    act: Callable[[Sequence[str]], None],
    failed: Callable[[str, Exception], None],
) -> None:
    """Act for all of them together. Where that fails for no reason of the store's, act for halves,
    and halves of those, down to the ones at fault, which have `failed`."""
    try:
        act(keys)
    except StoreError:
        raise
    except Exception as defect:  # noqa: BLE001 - it is told of the one at fault, and the others go on
        if len(keys) == 1:
            failed(keys[0], defect)
            return
        middle = len(keys) // 2
        for some in (keys[:middle], keys[middle:]):
            each_if_not_all(some, act, failed)
