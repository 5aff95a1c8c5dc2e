"""What was read at once of what somebody watches, and how far it takes each who watches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from starlette.types import Message

from headway.http import frames
from headway.http.frames import Frame


class Place(NamedTuple):
    """Where a viewer stands in one job's life."""

    number: int = 0
    """The newest durable event he was shown."""
    version: int = 0
    """The newest version of the job he was shown."""


@dataclass(frozen=True)
class Step:
    """What a viewer is shown of the news, and where he stands afterwards."""

    place: Place
    frames: list[Frame]
    is_behind: bool = False
    """True when a durable event lies between his place and the news: he must read it first."""

    @cached_property
    def chunk(self) -> Message:
        """The frames as a piece of an SSE answer, made once for all who take this step."""
        return frames.chunk(self.frames)

    @property
    def is_last(self) -> bool:
        """True when nothing follows."""
        return bool(self.frames) and self.frames[-1].last


class News:
    """Frames that were read at once. Viewers who stand in the same place take the same step, which
    is worked out for the first of them: most of a thousand do."""

    __slots__ = ("_steps", "frames")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self._steps: dict[Place, Step] = {}

    def __len__(self) -> int:
        """How many frames wait with a viewer who has not taken them."""
        return len(self.frames)

    def step_from(self, place: Place) -> Step:
        """How far these frames take a viewer who stands there."""
        found = self._steps.get(place)
        if found is None:
            found = self._steps[place] = step(place, self.frames)
        return found


def step(place: Place, arrived: Iterable[Frame]) -> Step:
    """How far these frames take a viewer who stands there: each durable event is shown once and in
    order, of snapshots only those newer than what he knows."""
    number, version = place
    shown: list[Frame] = []
    for frame in arrived:
        if frame.number is None:
            if frame.reach > number:
                return Step(place, [], is_behind=True)
            if frame.version + frame.moving > version or frame.last:
                shown.append(frame)
            version = max(version, frame.version)
        elif frame.number > number + 1:
            return Step(place, [], is_behind=True)
        elif frame.number > number:
            shown.append(frame)
            number = frame.number
        if frame.last:
            break
    return Step(Place(number, version), shown)


def arrived(taken: Iterable[News]) -> list[Frame]:
    """All frames of what was taken, in order."""
    return [frame for news in taken for frame in news.frames]
