"""Texts as sparse matrices: raw counts over buckets, then weighted rows over the columns seen."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headway.models.characters import bucket_runs, tokens_of
from headway.models.classifier import Classifier, Floats
from headway.models.features import HALF, Features, has_halves
from headway.models.grams import BUCKETS, bucket_arrays

Matrix = Any  # scipy.sparse.csr_array; scipy ships no types

MAX_WEIGHTS: Final = 1 << 24
"""Columns times classes at most: 134 MB in training. Beyond it the rarest grams are left out."""


def count_grams(texts: Sequence[str], features: Features = "words") -> Matrix:
    """How often each text has each gram: float32, shape (len(texts), width_of(features))."""
    if features == "words":
        return _word_counts(texts)
    characters = _character_counts(texts)
    words = _word_counts(texts) if features == "words+characters" else _csr_zeros(len(texts))
    return sparse.hstack([words, characters], format="csr")


def _word_counts(texts: Sequence[str]) -> Matrix:
    rows, buckets = bucket_arrays(texts)
    counts = _csr(_ones(len(rows)), buckets, _row_starts(rows, len(texts)), BUCKETS)
    counts.sum_duplicates()
    return counts


def _character_counts(texts: Sequence[str]) -> Matrix:
    """Words per text times grams per word: each different word is cut up once."""
    number_of: dict[str, int] = {}
    numbers: list[int] = []
    starts = [0]
    for text in texts:
        numbers += [number_of.setdefault(word, len(number_of)) for word in tokens_of(text)]
        starts.append(len(numbers))
    words = _csr(_ones(len(numbers)), np.array(numbers), np.array(starts), len(number_of))
    runs, buckets = bucket_runs(list(number_of))
    counts = words @ _csr(_ones(len(buckets)), buckets, runs, BUCKETS)
    counts.sort_indices()
    return counts


def stack(parts: Sequence[Matrix]) -> Matrix:
    """The rows of all parts below each other."""
    return sparse.vstack(parts, format="csr") if parts else count_grams([])


def document_frequencies(counts: Matrix) -> NDArray[np.int64]:
    """In how many rows each bucket occurs."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def choose_columns(
    frequencies: NDArray[np.int64], width: int, later: NDArray[np.int64] | None = None
) -> NDArray[np.int32]:
    """The buckets that become columns of `width` weights: all seen ones, the most frequent if those
    would be too many; growing. What is seen `later` alone gets the columns that are left, so that
    it has no say in which of the others there are."""
    later = frequencies if later is None else later
    seen = np.flatnonzero(frequencies + later)
    limit = max(1, MAX_WEIGHTS // width)
    if len(seen) > limit:
        first, rest = frequencies[seen], np.where(frequencies[seen], 0, later[seen])
        by_frequency = np.lexsort((-rest, -first))  # equals in the order of their numbers
        seen = np.sort(seen[by_frequency[:limit]])
    return seen.astype(np.int32)


def inverse_frequencies(frequencies: NDArray[np.int64], rows: int) -> NDArray[np.float32]:
    """ln((1 + rows) / (1 + frequency)) + 1, and 0 for what never occurred."""
    idf = np.log((1.0 + rows) / (1.0 + frequencies)) + 1.0
    return np.where(frequencies > 0, idf, 0.0).astype(np.float32)


def weigh(counts: Matrix, columns: NDArray[np.int32], idf: NDArray[np.float32]) -> Matrix:
    """Counts as rows of length 1 over the columns: (1 + ln count) * idf; float64. Grams that are
    no column, or have an idf of 0, are left out before the length is taken. Columns of words and
    of characters make two halves of equal length."""
    column_of = np.full(counts.shape[1], -1, dtype=np.int32)
    used = np.flatnonzero(idf)
    column_of[columns[used]] = used
    indices = column_of[counts.indices]
    known = indices >= 0
    starts = np.concatenate([[0], np.cumsum(known)])[counts.indptr]
    indices = indices[known]
    values = counts.data[known].astype(np.float64)  # changed in place from here on: it is large
    np.log(values, out=values)
    values += 1.0
    values *= idf.astype(np.float64)[indices]
    if has_halves(columns):
        _to_half_lengths(values, indices >= np.searchsorted(columns, BUCKETS), starts)
    else:
        _to_unit_length(values, starts)
    return _csr(values, indices, starts, len(columns))


def margins_of(classifier: Classifier, texts: Sequence[str]) -> Floats:
    """The margins of many texts: shape (len(texts), weight columns)."""
    matrix = weigh(count_grams(texts, classifier.features), classifier.buckets, classifier.idf)
    margins: Floats = matrix @ classifier.weights64 + classifier.bias64
    return margins


def _row_starts(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.searchsorted(rows, np.arange(n + 1))


def _to_unit_length(values: Floats, starts: NDArray[np.int64]) -> None:
    sizes = np.diff(starts)
    row_of = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
    lengths = np.sqrt(np.bincount(row_of, weights=values * values, minlength=len(sizes)))
    values /= lengths[row_of]


def _to_half_lengths(
    values: Floats, of_characters: NDArray[np.bool_], starts: NDArray[np.int64]
) -> None:
    sizes = np.diff(starts)
    half_of = np.repeat(np.arange(0, 2 * len(sizes), 2, dtype=np.int32), sizes) + of_characters
    lengths = np.sqrt(np.bincount(half_of, weights=values * values, minlength=2 * len(sizes)))
    values *= HALF
    values /= lengths[half_of]


def _ones(n: int) -> NDArray[np.float32]:
    return np.ones(n, dtype=np.float32)


def _csr_zeros(rows: int) -> Matrix:
    return sparse.csr_array((rows, BUCKETS), dtype=np.float32)


def _csr(data: Any, indices: Any, starts: Any, width: int) -> Matrix:
    return sparse.csr_array(
        (data, indices.astype(np.int32), starts.astype(np.int32)), shape=(len(starts) - 1, width)
    )
