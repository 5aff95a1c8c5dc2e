"""JSON with nothing left to chance: what two readers could understand differently is refused."""

from collections.abc import Iterator
from typing import Final

import orjson

from headway.job import Json

DEEPEST: Final = 100
MOST_VALUES: Final = 400_000
"""In one body, an empty list or object taken for two. A hundred thousand examples with two fields
each have 300,000."""

_SHORTEST_VALUE: Final = 2
"""Bytes, the comma included."""
_STRETCH: Final = 65_536
"""Bytes that are looked at together: few enough to stay in a processor's cache."""
_NO_MARKS: Final = bytes(set(range(256)) - set(b',:[{"'))


def parse(body: bytes) -> Json:
    """What the bytes say. Raise `ValueError` with a sentence for everything that is not strict.

    Refused are NaN and infinities, lone surrogates, NUL, duplicate keys, nesting past 100, and more
    than 400,000 values.
    """
    if len(body) > MOST_VALUES * _SHORTEST_VALUE:
        _check_number_of_values(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"expected valid JSON in UTF-8, got: {error}") from None
    keys = _walk(value, has_nul=rb"\u0000" in body)
    if body.count(b":") != keys and _colons(body) != keys:
        raise ValueError("expected each key once in an object, got one twice")
    return value


def _check_number_of_values(body: bytes) -> None:
    """Before they are made, which would hold the interpreter for as long as it takes; and no further
    than to the first that is too many."""
    values = 0
    for marks in _marks_outside_strings(body):
        values += len(marks) - marks.count(b":")
        if values > MOST_VALUES:
            raise ValueError(
                f"expected at most {MOST_VALUES} values in a body, got more; send what is larger as"
                " a file"
            )


def _marks_outside_strings(body: bytes) -> Iterator[bytes]:
    """The marks that stand before values, a stretch at a time: whoever else is to be answered is
    let in between, and no text makes it slow."""
    start, in_string = 0, 0
    while start < len(body):
        stretch = body[start : start + _STRETCH]
        if (len(stretch) - len(stretch.rstrip(b"\\"))) % 2:
            stretch = stretch[:-1] or stretch  # it stays with what it escapes
        start += len(stretch)
        if b'\\"' in stretch:
            stretch = stretch.replace(rb"\\", b"").replace(rb"\"", b"")
        pieces = stretch.translate(None, _NO_MARKS).replace(b'""', b"").split(b'"')
        yield b"".join(pieces[in_string::2])
        in_string ^= (len(pieces) - 1) % 2


def _colons(body: bytes) -> int:
    return sum(marks.count(b":") for marks in _marks_outside_strings(body))


def _walk(value: Json, *, has_nul: bool) -> int:
    """Count the keys of all objects, level by level: recursion would end at a stranger's will."""
    keys = 0
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Json] = []
        for one in level:
            if isinstance(one, dict):
                keys += len(one)
                below.extend(one.values())
                if has_nul:
                    below.extend(one)
            elif isinstance(one, list):
                below.extend(one)
            elif has_nul and isinstance(one, str) and "\0" in one:
                raise ValueError("expected text without NUL characters, got one")
        if not below:
            return keys
        level = below
    raise ValueError(f"expected at most {DEEPEST} levels of nesting, got more")
