"""What of a text a model looks at: words and word pairs, runs of characters, or both.

Words have the first 2^20 columns to choose from, characters the 2^20 after them. Where both are
used, each half of a text's vector has the same length, so that the many characters do not drown
the few words.
"""

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any, Final, Literal

from headway.models.characters import character_buckets_of
from headway.models.grams import BUCKETS, buckets_of

Features = Literal["words", "characters", "words+characters"]

GRAMS: Final[Mapping[Features, str]] = {
    "words": "words 1-2",
    "characters": "characters 3-5",
    "words+characters": "words 1-2 + characters 3-5",
}
"""How a bundle names them: a change of hashing needs new names."""

HALF: Final = sqrt(0.5)
"""The length of each half of a vector of words and characters: together they come to 1."""


def width_of(features: Features) -> int:
    """How many buckets there are to fall into."""
    return BUCKETS if features == "words" else 2 * BUCKETS


def has_halves(columns: Sequence[int] | Any) -> bool:
    """Whether these growing buckets are of words and of characters."""
    return len(columns) > 0 and bool(columns[0] < BUCKETS <= columns[-1])


def _shifted(text: str) -> list[int]:
    return [bucket + BUCKETS for bucket in character_buckets_of(text)]


PARTS: Final[Mapping[Features, tuple[Callable[[str], list[int]], ...]]] = {
    "words": (buckets_of,),
    "characters": (_shifted,),
    "words+characters": (buckets_of, _shifted),
}
"""The functions that give a text's buckets, repeats included: one for each half."""
