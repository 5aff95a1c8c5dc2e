"""Word 1- and 2-grams as bucket numbers: the same ones in every process and on every machine.

A word hashes to its CRC-32, a pair to a mix of both, and a multiplicative hash (Knuth, TAOCP 3,
section 6.4) spreads either over the buckets. Only words pass through Python, each new one once;
pairs are arithmetic on arrays. That makes the first epoch several times faster than a vocabulary.
"""

import re
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BITS: Final = 20
BUCKETS: Final = 1 << BITS
"""With 300,000 distinct grams one in seven shares its bucket; no accuracy was lost to that."""

_WORDS = re.compile(r"\w+")
_PAIR: Final = 0xD6E8FEB86659FD93
_SPREAD: Final = 0x9E3779B97F4A7C15
_SHIFT: Final = 64 - BITS
_MASK64: Final = (1 << 64) - 1
_MEMO_LIMIT: Final = 200_000
"""Words remembered, about 25 MB; those beyond are hashed each time."""


class _WordHashes(dict[str, int]):
    """Remembers the CRC-32 of words, up to a bound."""

    def __missing__(self, word: str) -> int:
        value = crc32(word.encode("utf-8", "surrogatepass"))
        if len(self) < _MEMO_LIMIT:
            self[word] = value
        return value


_hash_of = _WordHashes().__getitem__
"""A cache of a pure function, shared by all models of the process."""


def words_of(text: str) -> list[str]:
    """The lower-cased runs of letters, digits and underscores, in order."""
    return _WORDS.findall(text.lower())


def buckets_of(text: str) -> list[int]:
    """The buckets of a text's words and word pairs, repeats included; equal to `bucket_arrays`."""
    hashes = list(map(_hash_of, words_of(text)))
    buckets = [((h * _SPREAD) & _MASK64) >> _SHIFT for h in hashes]
    buckets += [
        (((a * _PAIR + b) * _SPREAD) & _MASK64) >> _SHIFT
        for a, b in zip(hashes, hashes[1:], strict=False)
    ]
    return buckets


def bucket_arrays(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The buckets of many texts: `(rows, buckets)`, one entry per gram, ordered by row."""
    lengths, hashes = _word_hashes(texts)
    words = hashes * np.uint64(_SPREAD) >> np.uint64(_SHIFT)
    pairs = (hashes[:-1] * np.uint64(_PAIR) + hashes[1:]) * np.uint64(_SPREAD) >> np.uint64(_SHIFT)
    row_of = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    within = row_of[:-1] == row_of[1:]
    rows = np.concatenate([row_of, row_of[:-1][within]])
    buckets = np.concatenate([words, pairs[within]]).astype(np.int64)
    order = np.argsort(rows, kind="stable")
    return rows[order], buckets[order]


def _word_hashes(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    lengths: list[int] = []
    words: list[str] = []
    for text in texts:
        found = words_of(text)
        lengths.append(len(found))
        words += found
    hashes = np.fromiter(map(_hash_of, words), np.uint64, len(words))
    return np.asarray(lengths, dtype=np.int64), hashes
