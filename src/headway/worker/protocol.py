"""What parent and children say to each other: frames of JSON, never pickle.

A frame is four bytes of length and a JSON list of messages; a message is a list that opens with
its kind and the attempt it is about. Many messages travel in one frame when there are many, but
a frame grows no further once it is `ENOUGH`.

    parent -> child    start ref {...}       run this attempt
                       cancel ref            the job was cancelled: stop now
                       stop ref              the worker is stopping: end at the next checkpoint
                       saved ref             the last checkpoint is durable
    child -> parent    resumed ref {...} number items
                                             it starts from this checkpoint, with so many items
                                             published; number 0: none could be read
                       progress ref percent message
                       total ref count
                       metric ref step {...}
                       log ref level message
                       checkpoint ref {...}
                       done ref {...}        the operation returned
                       failed ref {...}      it raised
                       stopped ref           it ended because it was told to
                       split ref {...}       its input is to be worked on in shards
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

Message = list[Any]

START: Final = "start"
CANCEL: Final = "cancel"
STOP: Final = "stop"
SAVED: Final = "saved"
RESUMED: Final = "resumed"
PROGRESS: Final = "progress"
TOTAL: Final = "total"
METRIC: Final = "metric"
LOG: Final = "log"
CHECKPOINT: Final = "checkpoint"
DONE: Final = "done"
FAILED: Final = "failed"
STOPPED: Final = "stopped"
SPLIT: Final = "split"
LAST_WORDS: Final = frozenset({DONE, FAILED, STOPPED, SPLIT})

LARGEST_FRAME: Final = 256 * 2**20
ENOUGH: Final = 2**20
_LENGTH: Final = struct.Struct("!I")
_OPTIONS: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY


def frame(messages: Sequence[Message]) -> bytes:
    """The bytes of one frame, or of several if there is much to say. See `encode`."""
    return b"".join(frames(map(encode, messages)))


def encode(message: Message) -> bytes:
    """The message as JSON. Raise `TypeError` or `ValueError` if it cannot be sent."""
    text = orjson.dumps(message, option=_OPTIONS)
    if len(text) > LARGEST_FRAME - 2:
        raise ValueError(f"expected a message below {LARGEST_FRAME} bytes, got: {len(text)}")
    return text


def frames(encoded: Iterable[bytes]) -> Iterator[bytes]:
    """Frames with these messages, in order."""
    gathered: list[bytes] = []
    size = 0
    for text in encoded:
        if gathered and size + len(text) > ENOUGH:
            yield _frame_of(gathered)
            gathered, size = [], 0
        gathered.append(text)
        size += len(text)
    if gathered:
        yield _frame_of(gathered)


def _frame_of(encoded: Sequence[bytes]) -> bytes:
    body = b"[" + b",".join(encoded) + b"]"
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Puts frames together from whatever pieces a stream socket gives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Add bytes; yield the messages of every frame that is whole now."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > LARGEST_FRAME:
                raise ValueError(f"expected a frame below {LARGEST_FRAME} bytes, got: {length}")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            messages = orjson.loads(memoryview(self._buffer)[_LENGTH.size : end])
            del self._buffer[:end]
            yield from messages
