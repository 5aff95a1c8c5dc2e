"""JSON with nothing left to chance: what two readers could understand differently is refused."""

import re
from typing import Final

import orjson

from headway.job import Json

DEEPEST: Final = 100

_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def parse(body: bytes) -> Json:
    """What the bytes say. Raise `ValueError` with a sentence for everything that is not strict.

    Refused are NaN and infinities, lone surrogates, NUL, duplicate keys, and nesting past 100.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"expected valid JSON in UTF-8, got: {error}") from None
    keys = _walk(value, has_nul=rb"\u0000" in body)
    if body.count(b":") != keys and _STRINGS.sub(b"", body).count(b":") != keys:
        raise ValueError("expected each key once in an object, got one twice")
    return value


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
