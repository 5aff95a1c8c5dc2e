"""Plain text batch by batch: each line is a text, in the one column `text`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from headway.data.csv_records import RowError, shown
from headway.data.encodings import Encoding, detect_encoding, named_encoding
from headway.data.line_batches import LinesTable
from headway.data.source import Source, open_source
from headway.data.tables import Batch, Cursor
from headway.data.windowed import BLOCK
from headway.errors import NotRetryable
from headway.job import Json

COLUMN: Final = "text"


class TextLinesTable(LinesTable):
    """An open file of lines. Every line is a row, also a blank one: line and row go together."""

    def __init__(self, source: Source, encoding: Encoding, block: int) -> None:
        super().__init__(source, Cursor(encoding.mark, 1), block)
        self.names = [COLUMN]
        self._encoding = encoding

    @property
    def detected(self) -> dict[str, Json]:
        """How the file turned out to be written."""
        return {
            "format": "text",
            "packing": self._source.packing,
            "encoding": self._encoding.name,
            "confidence": {"encoding": self._encoding.confidence},
        }

    @property
    def opening(self) -> dict[str, Json] | None:
        """See `Table.opening`."""
        if self._source.packing is not None or not self._encoding.can_begin_anywhere:
            return None
        return {"kind": "text", "encoding": self._encoding.name}

    def _batch(self, block: bytes, cursor: Cursor) -> Batch:
        encoded = block.splitlines()
        texts: list[str] = []
        lines: Any = range(cursor.line, cursor.line + len(encoded))
        rejected: list[RowError] = []
        good: list[int] = []
        for line, bytes_of_line in zip(lines, encoded, strict=True):
            reason, text = self._decoded(bytes_of_line)
            if reason is None:
                texts.append(text)
                good.append(line)
            else:
                rejected.append(RowError(line, reason, shown(text)))
        after = Cursor(cursor.offset + len(block), cursor.line + len(encoded))
        column = pa.array(texts, pa.string())
        return Batch([column], lines if not rejected else good, after, rejected)

    def _decoded(self, line: bytes) -> tuple[str | None, str]:
        """Why a line is no text, if it is none, and the text."""
        try:
            text = line.decode(self._encoding.codec)
        except UnicodeDecodeError:
            told = line.decode(self._encoding.codec, "replace")
            return f"expected text in {self._encoding.codec}, got other bytes", told
        if "\0" in text:
            return "expected text, got a NUL character", text
        return None, text


@contextmanager
def open_text_lines(
    path: Path, encoding: str | None = None, *, block: int = BLOCK
) -> Iterator[TextLinesTable]:
    """Open a file of lines, packed or not. `NotRetryable` when it is empty."""
    with open_source(path) as source:
        found = named_encoding(encoding, source) if encoding else detect_encoding(source)
    with open_source(path) as source:
        if found.wide:
            source.transcode(found.name)
        if not source.read(found.mark + 1)[found.mark :]:
            raise NotRetryable("expected a file with lines, got an empty file; choose another file")
    with open_source(path) as source:
        if found.wide:
            source.transcode(found.name)
        yield TextLinesTable(source, found, block)
