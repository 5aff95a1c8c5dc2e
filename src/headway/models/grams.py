"""Word 1- and 2-grams as bucket numbers: the same ones in every process and on every machine.

A word's CRC-32 is spread into two numbers of 29 bits by multiplicative hashing (Knuth, TAOCP 3,
section 6.4). The upper 20 bits of its `right` number are the bucket of the word; those of one
word's `left` plus the next one's `right` are the bucket of the pair. Only words pass through
Python, each new one once; pairs are arithmetic, which makes the first epoch several times faster
than a vocabulary. 29 bits because the sum of two still fits one digit of a Python integer.
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
_HASH_BITS: Final = 29
_MASK: Final = (1 << _HASH_BITS) - 1
_TO_BUCKET: Final = _HASH_BITS - BITS
_LEFT: Final = 0xD6E8FEB86659FD93
_RIGHT: Final = 0x9E3779B97F4A7C15
_MASK64: Final = (1 << 64) - 1
_MOST_REMEMBERED: Final = 200_000
"""Words remembered, about 30 MB; those beyond are hashed each time."""
LONGEST_REMEMBERED: Final = 40
"""Their characters: a longer word hardly comes again, and may be a megabyte."""


class WordHashes(dict[str, tuple[int, int]]):
    """Remembers the (left, right) numbers of words, up to a bound."""

    def __missing__(self, word: str) -> tuple[int, int]:
        crc = crc32(word.encode("utf-8", "surrogatepass")) + 1
        value = (crc * _LEFT & _MASK64) >> 35, (crc * _RIGHT & _MASK64) >> 35
        if len(word) <= LONGEST_REMEMBERED and len(self) < _MOST_REMEMBERED:
            self[word] = value
        return value


_hash_of = WordHashes().__getitem__
"""A cache of a pure function, shared by all models of the process."""


def words_of(text: str) -> list[str]:
    """The lower-cased runs of letters, digits and underscores, in order."""
    return _WORDS.findall(text.lower())


def buckets_of(text: str) -> list[int]:
    """The buckets of a text's words, then of its word pairs, repeats included."""
    hashes = list(map(_hash_of, words_of(text)))
    if not hashes:
        return []
    lefts, rights = zip(*hashes, strict=True)
    buckets = [right >> _TO_BUCKET for right in rights]
    buckets += [
        (left + right & _MASK) >> _TO_BUCKET for left, right in zip(lefts, rights[1:], strict=False)
    ]
    return buckets


def bucket_arrays(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What `buckets_of` gives, for many texts: `(rows, buckets)`, one entry per gram, by row."""
    lengths, left, right = _word_hashes(texts)
    row_of = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    within = row_of[:-1] == row_of[1:]
    pairs = (left[:-1][within] + right[1:][within] & _MASK) >> _TO_BUCKET
    rows = np.concatenate([row_of, row_of[:-1][within]])
    order = np.argsort(rows, kind="stable")
    return rows[order], np.concatenate([right >> _TO_BUCKET, pairs])[order]


def _word_hashes(
    texts: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Words per text, and the left and the right numbers of all words in order."""
    lengths: list[int] = []
    words: list[str] = []
    for text in texts:
        found = words_of(text)
        lengths.append(len(found))
        words += found
    hashes = np.fromiter(map(_hash_of, words), _PAIR_OF_NUMBERS, len(words))
    return np.asarray(lengths, dtype=np.int64), hashes["left"], hashes["right"]


_PAIR_OF_NUMBERS: Final = np.dtype([("left", np.int64), ("right", np.int64)])
