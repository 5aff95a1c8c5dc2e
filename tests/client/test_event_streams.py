"""The client reads event streams as browsers do, wherever they are cut into pieces."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.event_streams import VECTORS, Vector

LONG = 2000
"""Bytes of a stream beyond which it is cut in fewer places."""


class Pieces(httpx2.SyncByteStream):
    """A body in pieces of so many bytes, the first of them of its own length."""

    def __init__(self, stream: bytes, first: int, size: int) -> None:
        self._pieces = [stream[:first]]
        self._pieces += [stream[at : at + size] for at in range(first, len(stream), size)]

    def __iter__(self) -> Iterator[bytes]:
        """Those that are not empty, as they come from a socket."""
        return (piece for piece in self._pieces if piece)


def heard(stream: bytes, first: int, size: int) -> tuple[tuple[str, str, str], ...]:
    request = httpx2.Request("GET", "http://service/stream")
    response = httpx2.Response(
        200,
        headers={"Content-Type": "text/event-stream"},
        stream=Pieces(stream, first, size),
        request=request,
    )
    return tuple((one.event, one.data, one.id) for one in httpx2.EventSource(response))


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_stream_has_its_events(vector: Vector) -> None:
    """In one piece, byte by byte, and cut in two at each byte."""
    whole = len(vector.stream)
    step = 1 if whole <= LONG else 997
    cuts = [(whole, whole), (0, step), *((cut, whole) for cut in range(step, whole, step))]
    for first, size in cuts:
        told = heard(vector.stream, first, max(1, size))
        # An event without data is none to the client, whether or not it is told of one.
        assert [one for one in told if one[1]] == [one for one in vector.events if one[1]]
