"""Frames: whole again from whatever pieces arrive, and bounded."""

import os
import select
import signal
import socket
import struct
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.errors import Cancelled
from headway.worker import protocol
from headway.worker.channel import Channel, ParentGone
from headway.worker.protocol import ENOUGH, LARGEST_FRAME, FrameReader, encode, frame, frames

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
messages = st.lists(json_values, min_size=2, max_size=4)


@given(st.lists(st.lists(messages, min_size=1, max_size=4), max_size=4), st.data())
def test_frames_are_whole_again_from_any_pieces(
    groups: list[list[list[Any]]], data: st.DataObject
) -> None:
    """Every message comes out once and in order, wherever the stream was cut."""
    stream = b"".join(frame(group) for group in groups)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    reader = FrameReader()
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += list(reader.feed(stream[start:end]))
    assert got == [message for group in groups for message in group]


def test_frames_are_whole_again_byte_by_byte() -> None:
    """The smallest pieces there are."""
    said: list[Any] = [["log", "1:1", "info", "é" * 50], ["done", "1:1", {"result": None}]]
    reader = FrameReader()
    assert [m for byte in frame(said) for m in reader.feed(bytes([byte]))] == said


def test_a_frame_that_claims_to_be_oversized_is_refused_at_its_first_bytes() -> None:
    """Nothing of it is kept."""
    with pytest.raises(ValueError, match="expected a frame below 268435456 bytes, got: 268435457"):
        list(FrameReader().feed(struct.pack("!I", LARGEST_FRAME + 1)))


def test_a_message_beyond_the_bound_is_refused_where_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the other side never has to."""
    monkeypatch.setattr(protocol, "LARGEST_FRAME", 100)
    with pytest.raises(ValueError, match="expected a message below 100 bytes, got: 1"):
        encode(["log", "1:1", "x" * 100])


def test_much_to_say_is_cut_into_frames() -> None:
    """A reader never holds much more than one of them."""
    said = [["log", "1:1", "x" * 1000] for _ in range(3000)]
    cut = list(frames(map(encode, said)))
    assert len(cut) == 3
    assert max(map(len, cut)) <= ENOUGH + 5000
    assert list(FrameReader().feed(b"".join(cut))) == said


def test_nothing_to_say_is_no_frame() -> None:
    """Not an empty one, which no reader expects."""
    assert frame([]) == b""


def test_what_came_with_the_first_message_is_not_lost() -> None:
    """A job cancelled while its child is being forked finds the cancel behind its start."""
    parent, child = socket.socketpair()
    with parent, child:
        channel = Channel(child)
        parent.sendall(frame([["start", "1:1", {}], ["cancel", "1:1"]]))
        assert channel.receive() == ["start", "1:1", {}]
        with pytest.raises(Cancelled):
            channel.listen()


def test_a_channel_whose_parent_is_gone_says_so() -> None:
    """Instead of waiting for good."""
    parent, child = socket.socketpair()
    parent.close()
    with child, pytest.raises(ParentGone):
        Channel(child).receive()


def test_a_send_that_a_signal_ends_leaves_the_frames_whole() -> None:
    """What was said before the signal and after it arrives complete: here as in a child."""
    parent, child = socket.socketpair()
    child.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    got: list[Any] = []

    def read(until: int) -> None:
        reader = FrameReader()
        while len(got) < until:
            got.extend(reader.feed(parent.recv(65536)))

    def end_the_send() -> None:
        select.select([parent], [], [])  # it has begun: there is something to read
        os.kill(os.getpid(), signal.SIGTERM)

    def raise_cancelled(_signal: int, _frame: object) -> None:
        raise Cancelled

    channel = Channel(child)
    before = signal.signal(signal.SIGTERM, raise_cancelled)
    try:
        ending = threading.Thread(target=end_the_send)
        ending.start()
        with parent, child:
            with pytest.raises(Cancelled):
                channel.send("log", "1:1", "info", "x" * 2**20)  # nobody reads: it blocks
            ending.join()
            reading = threading.Thread(target=read, args=(2,))
            reading.start()
            channel.send("stopped", "1:1")
            reading.join()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [message[0] for message in got] == ["log", "stopped"]
