"""Thrift's compact form, in which Parquet describes itself: read and written without a definition.

A struct is a mapping from field number to (type, value); what is not understood is kept as it is.
"""

import struct
from typing import Any, Final

Struct = dict[int, tuple[int, Any]]

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS: Final = (4, 5, 6)


def read_struct(data: bytes) -> Struct:
    """The struct that the bytes begin with."""
    return _Reader(data).struct()


def write_struct(value: Struct) -> bytes:
    """The bytes of a struct."""
    out = bytearray()
    _write_struct(out, value)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self) -> Struct:
        found: Struct = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 0x0F
            number = number + step if step else self._integer()
            found[number] = (kind, self._value(kind, in_struct=True))
        return found

    def _value(self, kind: int, *, in_struct: bool) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        match kind:
            case 1 | 2:
                return kind == _TRUE if in_struct else self._byte() == _TRUE
            case 3:
                return self._byte()
            case 7:
                return struct.unpack("<d", self._take(8))[0]
            case 8:
                return self._take(self._varint())
            case 9 | 10:
                return self._list()
            case 12:
                return self.struct()
        raise ValueError(f"expected a type of Thrift's compact form, got: {kind}")

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        size, kind = head >> 4, head & 0x0F
        if size == 15:
            size = self._varint()
        return kind, [self._value(kind, in_struct=False) for _ in range(size)]

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]


def _write_struct(out: bytearray, value: Struct) -> None:
    last = 0
    for number in sorted(value):
        kind, content = value[number]
        if kind in (_TRUE, _FALSE):
            kind = _TRUE if content else _FALSE
        if 0 < number - last <= 15:
            out.append((number - last) << 4 | kind)
        else:
            out.append(kind)
            _write_integer(out, number)
        _write_value(out, kind, content, in_struct=True)
        last = number
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any, *, in_struct: bool) -> None:
    if kind in _INTEGERS:
        _write_integer(out, value)
    elif kind in (_TRUE, _FALSE):
        if not in_struct:
            out.append(_TRUE if value else _FALSE)
    elif kind == _BYTE:
        out.append(value)
    elif kind == _DOUBLE:
        out += struct.pack("<d", value)
    elif kind == _BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind in (_LIST, _SET):
        _write_list(out, *value)
    else:
        _write_struct(out, value)


def _write_list(out: bytearray, kind: int, values: list[Any]) -> None:
    if len(values) < 15:
        out.append(len(values) << 4 | kind)
    else:
        out.append(0xF0 | kind)
        _write_varint(out, len(values))
    for value in values:
        _write_value(out, kind, value, in_struct=False)


def _write_integer(out: bytearray, value: int) -> None:
    _write_varint(out, (value << 1) ^ (value >> 63))


def _write_varint(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
