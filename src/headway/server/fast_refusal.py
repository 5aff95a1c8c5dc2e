"""Refuses requests before the application hears of them, for a fraction of what an answer costs.

Under overload most of what arrives must be refused, and whatever that costs is taken from those
who are let in. So the bytes of a whole request are only followed to its end: no header is kept,
no task is made, nothing is routed.
"""

import re
from functools import lru_cache
from secrets import token_hex
from typing import Final
from urllib.parse import unquote

import httptools

from headway.http.border import ALWAYS_ANSWERED
from headway.http.refusals import lines, new_request_id, overloaded

_STATUS: Final = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: "
_MARK: Final = token_hex(16)
"""Stands for the request id; nobody else knows it, so no path can have it."""
_REQUEST_ID: Final = re.compile(rb"\r\nx-request-id: *([A-Za-z0-9._:-]{1,128})\r\n", re.IGNORECASE)
_CREDENTIAL: Final = re.compile(rb"\r\nauthorization: *([^\r\n]+)\r\n", re.IGNORECASE)
_NOT_HERE: Final = frozenset(one.encode() for one in ALWAYS_ANSWERED)


class FastRefusal:
    """Follows whole requests on any number of connections, one piece of bytes at a time."""

    def __init__(self) -> None:
        self._urls: list[bytes] = []
        self._begun = 0
        self._whole = 0
        self._stays = True
        self._parser = httptools.HttpRequestParser(self)

    def whole_requests(self, data: bytes) -> list[bytes]:
        """The paths of the requests that these bytes are, from the first to the last of them.

        Empty where that is not all there is to see: then the bytes are for the server to read."""
        self._urls, self._begun, self._whole, self._stays = [], 0, 0, True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._parser = httptools.HttpRequestParser(self)
            return []
        if self._whole < self._begun or not self._stays:
            self._parser = httptools.HttpRequestParser(self)
            return []
        return [] if _NOT_HERE.intersection(self._urls) else self._urls

    def on_message_begin(self) -> None:
        """Count a request that begins, whether or not its end is here."""
        self._begun += 1
        self._urls.append(b"")

    def on_url(self, url: bytes) -> None:
        """Keep the path of the request that was begun last; it may come in pieces."""
        self._urls[-1] += url.partition(b"?")[0]

    def on_message_complete(self) -> None:
        """Count a request that is whole, and notice one after which the connection cannot stay."""
        self._whole += 1
        if self._parser.get_method() == b"HEAD" or not self._parser.should_keep_alive():
            self._stays = False


def credential_of(data: bytes) -> bytes:
    """What the first request in these bytes wants to be let in by; nothing if it does not say."""
    found = _CREDENTIAL.search(data, 0, _end_of_head(data))
    return b"" if found is None else found[1].rstrip()


def refusal_of(path: bytes, data: bytes, bound: int) -> bytes:
    """The whole answer to the first request in these bytes."""
    found = _REQUEST_ID.search(data, 0, _end_of_head(data))
    request_id = new_request_id() if found is None else found[1]
    size, head, body, rest = _pieces(path, bound)
    length = b"%d" % (size + len(request_id))
    return b"".join((_STATUS, length, head, request_id, body, request_id, rest))


def _end_of_head(data: bytes) -> int:
    return data.find(b"\r\n\r\n") + 2


@lru_cache(maxsize=256)
def _pieces(path: bytes, bound: int) -> tuple[int, bytes, bytes, bytes]:
    """The answer without its request id and the length: all who are refused hear the same."""
    headers, body = overloaded(bound, path=unquote(path.decode("latin-1")), request_id=_MARK)
    head = lines([one for one in headers if one[0] != b"content-length"])
    before, after = body.split(_MARK.encode())
    return len(before) + len(after), b"\r\n%bx-request-id: " % head, b"\r\n\r\n" + before, after
