"""What was read at once of what somebody watches, and how far it takes each who watches."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from starlette.types import Message

from headway.http import frames
from headway.http.frames import Frame


class Place(Protocol):
    """Where a viewer stands in what he watches."""

    @property
    def number(self) -> int:
        """The place of the newest durable event that he was shown, or that was none of his."""

    def after(self, news: "News") -> "Step":
        """What he is shown of these news, before which he lacks nothing, and where he stands then."""


@dataclass(frozen=True)
class Step:
    """What a viewer is shown of the news, and where he stands afterwards."""

    place: Place
    frames: list[Frame]
    is_behind: bool = False
    """True when a durable event may lie between his place and the news: he must read it first."""

    @cached_property
    def pieces(self) -> Sequence[Message]:
        """The frames as pieces of an SSE answer, made once for all who take this step."""
        return tuple(frames.pieces(self.frames))

    @property
    def is_last(self) -> bool:
        """True when nothing follows."""
        return bool(self.frames) and self.frames[-1].last


class News:
    """Frames that were read at once. Viewers who stand in the same place take the same step, which
    is worked out for the first of them: most of a thousand do."""

    __slots__ = ("_steps", "frames", "reach", "since")

    def __init__(self, frames: Sequence[Frame], *, since: int = 0, reach: int = 0) -> None:
        self.frames = frames
        self.since = since
        """Up to here all durable events were told before: these are the next ones."""
        self.reach = reach
        """Where the next ones begin."""
        self._steps: dict[Place, Step] = {}

    def __len__(self) -> int:
        """How many frames wait with a viewer who has not taken them."""
        return len(self.frames)

    def step_from(self, place: Place) -> Step:
        """How far these frames take a viewer who stands there. Nothing is shown to one who may
        lack an event before them."""
        found = self._steps.get(place)
        if found is None:
            is_behind = place.number < self.since
            found = Step(place, [], is_behind=True) if is_behind else place.after(self)
            self._steps[place] = found
        return found


def step(place: Place, taken: Iterable[News]) -> Step:
    """How far all of these news take a viewer who stands there. Whoever is behind one of them
    reads all of them by himself."""
    reached = place
    shown: list[Frame] = []
    for news in taken:
        forward = news.step_from(reached)
        if forward.is_behind:
            return Step(place, [], is_behind=True)
        reached = forward.place
        shown += forward.frames
        if forward.is_last:
            break
    return Step(reached, shown)


class JobPlace(NamedTuple):
    """Where a viewer stands in one job's life."""

    number: int = 0
    """The newest durable event he was shown."""
    version: int = 0
    """The newest version of the job he was shown."""

    def after(self, news: News) -> Step:
        """Each durable event is shown once and in order, of snapshots only those newer than what
        he knows, and nothing after the end."""
        number, version = self
        shown: list[Frame] = []
        for frame in news.frames:
            if frame.number is None:
                if frame.version + frame.moving > version or frame.last:
                    shown.append(frame)
                version = max(version, frame.version)
            elif frame.number > number:
                shown.append(frame)
                number = frame.number
            if frame.last:
                break
        return Step(JobPlace(number, version), shown)


class OwnerPlace(NamedTuple):
    """Where a viewer stands in the history of all jobs of an owner."""

    number: int

    def after(self, news: News) -> Step:
        """Each durable event is shown once and in order. A snapshot that may be older than what he
        was shown is not: of a job that he saw end it would say that it runs."""
        is_new = news.reach >= self.number
        shown = [
            frame
            for frame in news.frames
            if (is_new if frame.number is None else frame.number > self.number)
        ]
        return Step(OwnerPlace(max(self.number, news.reach)), shown)


def unread() -> News:
    """News of which nothing could be read: whoever is told of them reads by himself, and so hears
    what is the matter."""
    return News((), since=sys.maxsize)


def arrived(taken: Iterable[News]) -> list[Frame]:
    """All frames of what was taken, in order."""
    return [frame for news in taken for frame in news.frames]
