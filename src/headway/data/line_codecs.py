"""Which of Python's encodings a file of lines can be in. Needs no file, and loads nothing large."""

import codecs
from typing import Final

WIDE: Final = ("utf-16", "utf-32", "utf-7", "iso2022", "hz")
"""How the names begin of those in which a line end is not one byte, or depends on what was before."""

_NOT_OF_FILES: Final = frozenset(
    {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
_PLAIN: Final = "Zz09 \t\r\n,;|:\"'"


def is_line_codec(name: str) -> bool:
    """Whether text in this encoding can be taken apart: its line ends and commas are where they look
    to be. Not so in EBCDIC, nor in what Python has for domain names, its own source, or packing."""
    known = codecs.lookup(name)
    if not known._is_text_encoding or known.name in _NOT_OF_FILES:  # noqa: SLF001 - no public way
        return False
    try:
        return known.name.startswith(WIDE) or _PLAIN.encode().decode(name) == _PLAIN
    except UnicodeError:
        return False
