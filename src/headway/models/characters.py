"""Runs of 3 to 5 characters within words as bucket numbers: fast for a batch, equal for one text.

A text is lower-cased and split at white space; each word stands between two spaces, and every run
of 3, 4 or 5 characters of that is a gram. Its bucket is the top of the sum of code points times
fixed odd numbers, modulo 2^64: vector multiply-shift hashing (Thorup, "High Speed Hashing for
Integers and Strings", 2015). A longer run's sum starts with that of the shorter one, so all three
lengths cost five multiplications a position.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from headway.models.grams import BITS

SHORTEST: Final = 3
LONGEST: Final = 5

_FACTORS: Final = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0xD6E8FEB86659FD93,
    0xA0761D6478BD642F,
)
_MASK64: Final = (1 << 64) - 1
_TO_BUCKET: Final = 64 - BITS
_SPACE: Final = ord(" ")
MOST_REMEMBERED: Final = 1_000_000
"""Buckets remembered for single texts, about 40 MB: those of 50,000 words as people write them."""
_LONGEST_WORD: Final = 40
"""Characters from which on arrays are faster; such words hardly come again."""


class WordBuckets(dict[str, tuple[int, ...]]):
    """Remembers the buckets of words, up to a bound; those beyond it are hashed each time."""

    def __init__(self) -> None:
        super().__init__()
        self.remembered = 0

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return tuple(bucket_runs([word])[1].tolist())
        value = tuple(_hashed(f" {word} "))
        if self.remembered + len(value) <= MOST_REMEMBERED:
            self[word] = value
            self.remembered += len(value)
        return value


def _hashed(padded: str) -> list[int]:
    points = list(map(ord, padded))
    buckets = []
    for start in range(len(points) - SHORTEST + 1):
        total = 0
        for length, (point, factor) in enumerate(
            zip(points[start : start + LONGEST], _FACTORS, strict=False), start=1
        ):
            total += point * factor
            if length >= SHORTEST:
                buckets.append((total & _MASK64) >> _TO_BUCKET)
    return buckets


_buckets_of_word = WordBuckets().__getitem__
"""A cache of a pure function, shared by all models of the process."""


def tokens_of(text: str) -> list[str]:
    """The lower-cased words of a text, as white space parts them: punctuation stays."""
    return text.lower().split()


def character_buckets_of(text: str) -> list[int]:
    """The buckets of a text's character runs, repeats included."""
    return list(chain.from_iterable(map(_buckets_of_word, tokens_of(text))))


def bucket_runs(words: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What `character_buckets_of` gives, for many single words: `(starts, buckets)`, where the
    grams of word i are `buckets[starts[i]:starts[i + 1]]`."""
    points = np.frombuffer(f" {' '.join(words)} ".encode("utf-32-le", "surrogatepass"), np.uint32)
    inside = points != _SPACE
    word_of = np.cumsum(~inside) - 1
    sums = points.astype(np.uint64)
    rows: list[NDArray[np.int64]] = []
    buckets: list[NDArray[np.int64]] = []
    total = np.zeros(len(points), dtype=np.uint64)
    fits = np.ones(len(points), dtype=np.bool_)
    for offset, factor in enumerate(_FACTORS):
        count = len(points) - offset
        if count <= 0:
            break
        total = total[:count] + sums[offset:] * np.uint64(factor)
        if offset >= 2:  # the last but one character must still be of the word
            fits = fits[:count] & inside[offset - 1 : offset - 1 + count]
            rows.append(word_of[:count][fits])
            buckets.append((total[fits] >> np.uint64(_TO_BUCKET)).astype(np.int64))
    return _by_word(rows, buckets, len(words))


def _by_word(rows: Any, buckets: Any, words: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row_of = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    every = np.concatenate(buckets) if buckets else np.empty(0, dtype=np.int64)
    order = np.argsort(row_of, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(row_of, minlength=words))])
    return starts, every[order]
