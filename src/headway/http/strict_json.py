"""JSON with nothing left to chance: what two readers could understand differently is refused."""

from typing import Final

import orjson

from headway.job import Json

DEEPEST: Final = 100
MOST_VALUES: Final = 400_000
"""In one body. A hundred thousand examples with two fields each have 300,000."""

_SHORTEST_VALUE: Final = 2
"""Bytes, the comma included."""
_TOO_MANY: Final = (
    f"expected at most {MOST_VALUES} values in a body, got more; send what is larger as a file"
)


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
    if body.count(b":") != keys and _outside_strings(body).count(b":") != keys:
        raise ValueError("expected each key once in an object, got one twice")
    return value


def _check_number_of_values(body: bytes) -> None:
    """Before they are made: a million keys hold the interpreter for as long as they take, and
    nothing else is answered meanwhile."""
    if _values(body) > MOST_VALUES and _values(_outside_strings(body)) > MOST_VALUES:
        raise ValueError(_TOO_MANY)


def _values(text: bytes) -> int:
    """At least as many as there are: before each of them stands one of these."""
    return sum(text.count(mark) for mark in (b",", b"[", b"{"))


def _outside_strings(body: bytes) -> bytes:
    """The JSON without what stands in its strings, in a few passes that no text makes slow."""
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * MOST_VALUES:  # each value has a key at most
        raise ValueError(_TOO_MANY)
    return b"".join(plain.split(b'"')[::2])


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
