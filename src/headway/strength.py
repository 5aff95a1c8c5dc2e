"""How easily a text is guessed: by repetition, by order, by words that everybody tries. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LETTERS_FOR: Final = str.maketrans("013456789@$!|+", "oleasgtbgasilt")
"""What people write in the place of a letter."""

_KEYBOARD: Final = (
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "qsdfghjklm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "zaq12wsxcde34rfv", "abcdefghijklmnopqrstuvwxyz", "01234567890",
)  # fmt: skip

COMMON: Final = frozenset(
    Path(__file__).with_name("common_words.txt").read_text(encoding="ascii").split()
)
"""Words that those who guess try first, with a few digits before or after them."""

LEAST_UNCOMMON: Final = 5
"""Characters that must be left of a password when words, rows and years are taken away."""


def is_guessable(password: str, *, names: tuple[str, ...] = ()) -> bool:
    """Whether the password is one of those that are tried first: a common word or one of these
    names with digits around it, a row of the keyboard, or the same thing again and again."""
    told = _pattern(password.casefold())
    rest = re.sub(r"[\W_]+|(19|20)\d\d", "", told)
    if len(_without_rows(rest)) < LEAST_UNCOMMON:
        return True
    known = {*COMMON, *(name.casefold() for name in names)}
    return any(_is_known(one, known) for one in _readings(told))


def bits_of(secret: str) -> float:
    """How much chance there is in a secret, at the most: what repeats, runs in order or is made of
    words that everybody tries counts little."""
    told = _pattern(secret.casefold() if secret.isalpha() else secret)
    for word in _IN_EXAMPLES:
        told = re.sub(word, word[0], told, flags=re.IGNORECASE)
    told = _pattern(told)
    if len(told) < 3:
        return 0.0
    counts = Counter(told)
    each = -sum(n / len(told) * math.log2(n / len(told)) for n in counts.values())
    threes = {told[at : at + 3] for at in range(len(told) - 2)}
    in_order = sum(_is_row(one) for one in threes)
    return each * (len(threes) - in_order)


_IN_EXAMPLES: Final = (
    "your", "this", "that", "secret", "password", "change", "default", "example", "headway",
    "please", "insert", "insecure", "super", "signing", "production", "development", "random",
    "string", "token", "here", "long", "very", "key",
)  # fmt: skip


def _is_row(three: str) -> bool:
    step = ord(three[1]) - ord(three[0])
    return step == ord(three[2]) - ord(three[1]) and abs(step) <= 1


def _pattern(text: str) -> str:
    """What the text is a repetition of: the text itself, if it is none."""
    again = (text + text).find(text, 1)
    return text[:again] if 0 < again < len(text) else text


def _without_rows(text: str) -> str:
    """The text without runs of three and more keys that lie side by side, and without echoes."""
    left = re.sub(r"(.)\1{2,}", r"\1", text)
    for row in _KEYBOARD:
        for way in (row, row[::-1]):
            for length in range(len(way), 2, -1):
                for start in range(len(way) - length + 1):
                    left = left.replace(way[start : start + length], "")
    return left


def _readings(text: str) -> Iterator[str]:
    """The text as its writer may have meant it, without the digits and signs around it."""
    for one in (text, text.translate(LETTERS_FOR)):
        yield re.sub(r"^[\W\d_]+|[\W\d_]+$", "", one)
    yield re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text).translate(LETTERS_FOR)
    yield re.sub(r"[\W\d_]", "", text)


def _is_known(word: str, known: set[str]) -> bool:
    """Whether it is one of the words, twice one of them, or two of them."""
    return word in known or any(
        word[:cut] in known and word[cut:] in known for cut in range(2, len(word) - 1)
    )
