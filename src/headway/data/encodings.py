"""Which encoding a text is in, and how sure that is."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from headway.data.line_codecs import WIDE
from headway.data.source import Source

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARK: Final = "\ufeff"
_LONGEST_MARK: Final = 8
_HEAD: Final = 64 * 1024
_BLOCK: Final = 1 << 20
_PATIENCE: Final = 8
"""Blocks that are not UTF-8, after which it is clear what the file is not."""
_DAMAGED: Final = 0.05
"""UTF-8 with at most this share of broken characters is damaged UTF-8, not another encoding."""


_ASCII: Final = bytes(range(128))


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by its Python name, and how sure it is: 1 is certain."""

    name: str
    confidence: float
    mark: int = 0
    """Bytes in front that are no text: of those that are read, so of UTF-8 where it is `wide`."""

    @property
    def codec(self) -> str:
        """What decodes the bytes behind the mark."""
        known = codecs.lookup(self.name).name
        return "utf-8" if self.wide or known == "utf-8-sig" else self.name

    @property
    def wide(self) -> bool:
        """True when a line end is not one byte, so that the bytes are made UTF-8 first."""
        return codecs.lookup(self.name).name.startswith(WIDE)

    @property
    def can_begin_anywhere(self) -> bool:
        """True when what a line means depends on no byte before it: each ASCII byte is itself."""
        try:
            return not self.wide and _ASCII.decode(self.codec) == _ASCII.decode("ascii")
        except UnicodeDecodeError:
            return False


def named_encoding(name: str, source: Source) -> Encoding:
    """The encoding that somebody says a text is in. Whether a mark is in front, the text says."""
    head, found = source.read(_LONGEST_MARK), Encoding(name, 1.0)
    if head.startswith(codecs.BOM_UTF8) and not found.wide:
        return replace(found, mark=len(codecs.BOM_UTF8))
    first = codecs.getincrementaldecoder(name)("ignore").decode(head)
    if first.startswith(_MARK):
        return replace(found, mark=len(_MARK.encode(found.codec)))
    return found


def detect_encoding(source: Source) -> Encoding:
    """The encoding by its byte order mark, else UTF-16 if every other byte is NUL, else UTF-8 if
    (nearly) all of it is, else what its upper bytes look like. Reads to the end."""
    head = source.read(_HEAD)
    for mark, name in _BOMS:
        if head.startswith(mark) and (len(head) % 2 == 0 or not name.startswith("utf-32")):
            return Encoding(name, 1.0, len(mark) if name == "utf-8-sig" else 0)
    for name, nulls in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if nulls and nulls.count(0) > 0.4 * len(nulls) and head.count(0) < 0.6 * len(head):
            return Encoding(name, 0.95)
    tally = _Tally()
    while head and tally.add(head):
        head = source.read(_BLOCK)
    return tally.verdict()


class _Tally:
    """Counts what is UTF-8 and what is not, block by block."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._good = 0
        self._broken = 0
        self._broken_blocks = 0
        self._upper = b""

    def add(self, block: bytes) -> bool:
        """Take a block; False when no more are needed."""
        if block.isascii() and not self._decoder.getstate()[0]:
            return True
        text = self._decoder.decode(block)
        upper = len(text) - len(text.encode("ascii", "ignore"))
        broken = _broken_in(text)
        self._good += upper - broken
        self._broken += broken
        if broken:
            self._broken_blocks += 1
            self._upper += block[: _BLOCK // 4]
        return self._broken_blocks < _PATIENCE

    def verdict(self) -> Encoding:
        """The encoding of what was counted."""
        if not self._broken:
            return Encoding("utf-8", 0.99 if self._good else 1.0)
        if self._good and self._broken <= _DAMAGED * self._good:
            return Encoding("utf-8", round(self._good / (self._good + self._broken) - 0.1, 2))
        return _without_mark(self._upper)


def _without_mark(sample: bytes) -> Encoding:
    """The likeliest of the encodings in which nearly every byte is something."""
    for name, likely in _PAIRS.items():
        share = _decoded_share(sample, name, likely)
        if share > 0.8:
            return Encoding(name, round(0.5 + 0.4 * (share - 0.8) / 0.2, 2))
    windows = _decodes(sample, "cp1252")
    control = sum(0x80 <= byte <= 0x9F for byte in sample)
    if not windows:
        return Encoding("latin-1", 0.5)
    return Encoding("cp1252", 0.7 if control or _mostly_letters(sample) else 0.6)


def _broken_in(text: str) -> int:
    """How many bytes in it are no text. There are none as a rule, which takes no look at each."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return sum("\udc80" <= character <= "\udcff" for character in text)
    return 0


def _mostly_letters(sample: bytes) -> bool:
    """True when the upper bytes stand for the letters of western languages."""
    upper = [byte for byte in sample if byte >= 0xA0]
    return sum(byte >= 0xC0 for byte in upper) >= 0.8 * len(upper)


def _decodes(sample: bytes, name: str) -> bool:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _decoded_share(sample: bytes, name: str, likely: Callable[[bytes], bool]) -> float:
    """The share of the characters beyond ASCII that are everyday ones of the encoding's language."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        text = decoder.decode(sample)
    except UnicodeDecodeError:
        return 0.0
    beyond = [character for character in text if character > "\x7f"]
    if len(beyond) < 8:  # a few accents may look like anything
        return 0.0
    return sum(likely(character.encode(name)) for character in beyond) / len(beyond)


# Two bytes to a character, the first of them in the rows of everyday characters. Western text fails
# these: its upper bytes stand alone between letters.
_PAIRS: Final[dict[str, Callable[[bytes], bool]]] = {
    "shift_jis": lambda pair: len(pair) == 2 and pair[0] in (0x81, 0x82, 0x83),
    "euc_jp": lambda pair: len(pair) == 2 and pair[0] in (0xA1, 0xA4, 0xA5),
    "big5": lambda pair: len(pair) == 2 and 0xA1 <= pair[0] <= 0xC6,
    "gb18030": lambda pair: len(pair) == 2 and (0xB0 <= pair[0] <= 0xD7 or pair[0] in (0xA1, 0xA3)),
    "euc_kr": lambda pair: len(pair) == 2 and (0xB0 <= pair[0] <= 0xC8 or pair[0] in (0xA1, 0xA3)),
}
