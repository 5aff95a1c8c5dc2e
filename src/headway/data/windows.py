"""The piece of a file that is being read: it grows until its first record has an end."""

from typing import Final

from headway.data.source import Source

LONGEST_RECORD: Final = 1 << 24


class Window:
    """Bytes read ahead, from which whole lines are taken."""

    def __init__(self, source: Source, block: int) -> None:
        self.held = b""
        self.at_end = False
        self.longest = 0
        """The most bytes it has held."""
        self._source = source
        self._block = block

    @classmethod
    def between(cls, source: Source, start: int, end: int | None, block: int) -> "Window":
        """A window onto the bytes of a source from one offset to another, or to the end."""
        source.skip(start - source.position)
        source.end_at(end)
        return cls(source, block)

    def grow(self) -> bool:
        """Read on; False when there is nothing left."""
        if not self.at_end:
            more = self._source.read(max(self._block, len(self.held)))
            self.at_end = not more
            self.held += more
            self.longest = max(self.longest, len(self.held))
        return bool(self.held)

    @property
    def strained(self) -> bool:
        """True when a record may have been too long, for a reading that had begun elsewhere too."""
        return self.longest >= LONGEST_RECORD

    def whole_lines(self) -> bytes:
        """The lines that have ended: a carriage return may still get its line feed."""
        if self.at_end:
            return self.held
        cut = self.held.rfind(b"\n") + 1 or self.held.rfind(b"\r", 0, -1) + 1
        return self.held[:cut]

    def take(self, size: int) -> None:
        """Let go of so many bytes."""
        self.held = self.held[size:]

    def drop_line(self) -> int:
        """Let go of the first line, however long; how many bytes it had."""
        dropped = 0
        while (end := self._line_end()) == 0 and not self.at_end:
            dropped += len(self.held)
            self.held = b""
            self.grow()
        dropped += end or len(self.held)
        self.take(end or len(self.held))
        return dropped

    def _line_end(self) -> int:
        ends = [at for at in map(self.held.find, (b"\n", b"\r")) if at >= 0]
        if not ends:
            return 0
        end = min(ends) + 1
        return end + 1 if self.held[end - 1 : end + 1] == b"\r\n" else end
