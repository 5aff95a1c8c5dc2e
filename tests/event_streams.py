"""Event streams as bytes, and the events that the WHATWG's specification finds in each of them."""

from dataclasses import dataclass
from typing import Final

from headway.http.frames import Frame, sentence
from headway.wire.base import encode


@dataclass(frozen=True)
class Vector:
    """One stream: its bytes, and (type, data, last event id) of each event in it."""

    name: str
    stream: bytes
    events: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        """As tests are named."""
        return self.name


def _one(name: str, stream: bytes, data: str, event: str = "message", id: str = "") -> Vector:
    return Vector(name, stream, ((event, data, id),))


VECTORS: Final = (
    # Fields and their values.
    _one("a field", b"data: x\n\n", "x"),
    _one("no space after the colon", b"data:x\n\n", "x"),
    _one("one space is dropped, not two", b"data:  x\n\n", " x"),
    _one("a space at the end stays", b"data: x \n\n", "x "),
    _one("a tab is no space", b"data:\tx\n\n", "\tx"),
    _one("a colon in the value", b"data: a:b: c\n\n", "a:b: c"),
    _one("two colons", b"data::x\n\n", ":x"),
    _one("no colon", b"data\n\n", ""),
    _one("an empty value", b"data:\n\n", ""),
    _one("a space alone", b"data: \n\n", ""),
    _one("two spaces alone", b"data:  \n\n", " "),
    _one("two lines", b"data: a\ndata: b\n\n", "a\nb"),
    _one("two empty lines of data", b"data\ndata\n\n", "\n"),
    _one("an empty line of data at the end", b"data: a\ndata:\n\n", "a\n"),
    _one("lines of data apart", b"data: a\nevent: e\ndata: b\n\n", "a\nb", "e"),
    _one("a thousand lines", b"data: y\n" * 1000 + b"\n", "\n".join(["y"] * 1000)),
    _one("a long line", b"data: " + b"z" * 70_000 + b"\n\n", "z" * 70_000),
    _one("unknown fields", b"data: x\nwhatever: y\nfoo\n\n", "x"),
    _one("names in capitals are unknown", b"Data: a\nDATA: b\ndata: x\n\n", "x"),
    _one("a space before a name", b" data: a\ndata: x\n\n", "x"),
    _one("a space after a name", b"data : a\ndata: x\n\n", "x"),
    _one("a name that only begins so", b"database: a\ndata: x\n\n", "x"),
    _one("JSON", b'data: {"a":[1,"\\n"]}\n\n', '{"a":[1,"\\n"]}'),
    # Types.
    _one("a type", b"event: update\ndata: x\n\n", "x", "update"),
    _one("a type after the data", b"data: x\nevent: update\n\n", "x", "update"),
    _one("the last type counts", b"event: a\nevent: b\ndata: x\n\n", "x", "b"),
    _one("an empty type", b"event: a\nevent:\ndata: x\n\n", "x"),
    _one("a type is forgotten with its block", b"event: a\n\ndata: x\n\n", "x"),
    Vector(
        "a type holds for one event",
        b"event: a\ndata: x\n\ndata: y\n\n",
        (("a", "x", ""), ("message", "y", "")),
    ),
    # Ids.
    _one("an id", b"id: 7\ndata: x\n\n", "x", id="7"),
    _one("an id after the data", b"data: x\nid: 7\n\n", "x", id="7"),
    _one("the last id counts", b"id: 1\nid: 2\ndata: x\n\n", "x", id="2"),
    _one("an id of words", "id: \u00e4 b\ndata: x\n\n".encode(), "x", id="\u00e4 b"),
    Vector(
        "an id holds until the next",
        b"id: 1\ndata: x\n\ndata: y\n\nid: 2\ndata: z\n\n",
        (("message", "x", "1"), ("message", "y", "1"), ("message", "z", "2")),
    ),
    Vector(
        "an empty id takes it back",
        b"id: 1\ndata: x\n\nid\ndata: y\n\n",
        (("message", "x", "1"), ("message", "y", "")),
    ),
    Vector(
        "an id with NUL is none",
        b"id: 1\ndata: x\n\nid: 2\x003\ndata: y\n\n",
        (("message", "x", "1"), ("message", "y", "1")),
    ),
    _one("an id in a block without data", b"id: 5\n\ndata: x\n\n", "x", id="5"),
    # What is no event.
    Vector("nothing", b""),
    Vector("blank lines", b"\n\n\n\n"),
    Vector("a comment", b": hello\n\n"),
    Vector("a colon alone", b":\n\n"),
    Vector("a type without data", b"event: a\n\n"),
    Vector("cut before the blank line", b"data: x\n"),
    Vector("cut within the line", b"data: x"),
    _one("cut after an event", b"data: x\n\ndata: y\n", "x"),
    _one("comments between", b": a\ndata: x\n:data: y\n: b\n\n", "x"),
    # When to come back.
    _one("a retry", b"retry: 1500\ndata: x\n\n", "x"),
    _one("a retry that is no number", b"retry: 15s\ndata: x\n\n", "x"),
    _one("a retry with a sign", b"retry: -1\nretry: +2\ndata: x\n\n", "x"),
    _one("an empty retry", b"retry\ndata: x\n\n", "x"),
    # Ends of lines.
    _one("CR", b"data: x\rdata: y\r\r", "x\ny"),
    _one("CR LF", b"data: x\r\ndata: y\r\n\r\n", "x\ny"),
    _one("CR LF, then LF", b"data: x\r\n\n", "x"),
    _one("LF, then CR LF", b"data: x\n\r\n", "x"),
    _one("LF, then CR", b"data: x\n\r", "x"),
    Vector(
        "every end in one stream",
        b"data: x\n\ndata: y\r\rdata: z\r\n\r\n",
        (("message", "x", ""), ("message", "y", ""), ("message", "z", "")),
    ),
    _one("a comment before CR LF", b": a\r\ndata: x\r\n\r\n", "x"),
    _one(
        "other ends are none",
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\n\n".encode(),
        "a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg",
    ),
    # Characters.
    _one(
        "two to four bytes", "data: \u00e4\u20ac\U0001f600\n\n".encode(), "\u00e4\u20ac\U0001f600"
    ),
    _one("bytes that are no UTF-8", b"data: a\xffb\n\n", "a\ufffdb"),
    _one("NUL in the data", b"data: a\x00b\n\n", "a\x00b"),
    _one("a mark in the middle is a character", b"data: \xef\xbb\xbfx\n\n", "\ufeffx"),
    # Ours.
    _one("our update", Frame("update", encode({"p": 1}), 3).sse, '{"p":1}', "update", "3"),
    _one("our snapshot", Frame("update", encode({"p": 1})).sse, '{"p":1}', "update"),
    _one(
        "our line of a log",
        Frame("log", encode({"message": "a\r\nb\u2028c: d\x00\U0001f600"}), 8).sse,
        '{"message":"a\\r\\nb\u2028c: d\\u0000\U0001f600"}',
        "log",
        "8",
    ),
    _one("our cursor", Frame("complete", b"{}", 9, "b64~x-_=").sse, "{}", "complete", "b64~x-_="),
    _one("our error", sentence("no\nway").sse, '{"error":"no\\nway"}', "error"),
)

MARKED: Final = (
    _one("a mark at the start", b"\xef\xbb\xbfdata: x\n\n", "x"),
    _one("a second mark is part of a name", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\ndata: x\n\n", "x"),
)
"""Streams that begin with a byte order mark; ours never do."""
