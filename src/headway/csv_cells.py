"""Values as a CSV holds them that people will open in a spreadsheet."""

from typing import Any, Final

import orjson

_SKIPPED: Final = " \"'\u00a0"
_FORMULA: Final = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def csv_cell(value: Any) -> Any:
    """A value for a CSV: numbers as they are, an absent one empty, text made harmless."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return _harmless(as_text(value))


def as_text(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: quoted by an apostrophe if one might.

    Also behind spaces and quotes, which some strip before they look; and without NULs, at which
    readers of CSV stop.
    """
    start = text.lstrip(_SKIPPED)[:1]
    clean = text.replace("\0", "\ufffd")
    return f"'{clean}" if start in _FORMULA else clean
