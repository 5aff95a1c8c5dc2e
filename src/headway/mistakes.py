"""What is wrong with a value, as JSON pointers with a sentence each: bounded, whatever was sent."""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import ValidationError

MOST: Final = 100
"""Mistakes that are listed."""
_MOST_READ: Final = 1_000
"""Beyond, not even the first are taken from pydantic, which makes all of them or none."""
_LONGEST_STEP: Final = 200

Mistake = tuple[str, str]


def mistakes(error: ValidationError, below: str = "") -> list[Mistake]:
    """A JSON pointer (RFC 6901) below the given one, and a sentence, for each of the first hundred
    mistakes."""
    if error.error_count() > _MOST_READ:
        return [(below, f"{error.error_count()} mistakes, too many to list")]
    found = error.errors(include_url=False, include_input=False, include_context=False)
    listed = [(below + pointer(one["loc"]), _sentence(one["msg"])) for one in found[:MOST]]
    if len(found) > MOST:
        listed.append((below, f"and {len(found) - MOST} mistakes more"))
    return listed


def summary(found: Sequence[Mistake], below: str = "") -> str:
    """The first five mistakes in a line."""
    told = [(at.removeprefix(below), what) for at, what in found[:5]]
    return "; ".join(f"{at}: {what}" if at else what for at, what in told)


def pointer(steps: Iterable[str | int]) -> str:
    """Where these steps lead, as a JSON pointer."""
    return "".join(f"/{_escaped(one)}" for one in steps)


def _escaped(step: str | int) -> str:
    return str(step)[:_LONGEST_STEP].replace("~", "~0").replace("/", "~1")


def _sentence(message: str) -> str:
    """Without what pydantic puts before the sentences of ours."""
    return message.removeprefix("Value error, ")
