"""Reads Server-Sent Events as their specification says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """One event as a client sees it."""

    event: str
    data: dict[str, Any]
    id: str | None


def events_of(lines: Iterator[str]) -> Iterator[Told]:
    """The events in the lines of a stream; comments and `retry` are no events."""
    name, place = "message", None
    data: list[str] = []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "" if not line:
                if data:
                    yield Told(name, json.loads("\n".join(data)), place)
                name, data, place = "message", [], None
            case "event":
                name = value
            case "data":
                data.append(value)
            case "id":
                place = value
