"""A job followed to its end: live for people, a line for each event for programs and pipes."""

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Final, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from headway.cli.curves import Curves
from headway.cli.exits import Exit
from headway.client import JobHandle, StreamEvent

EXITS: Final = {
    "completed": Exit.DONE,
    "failed": Exit.JOB_FAILED,
    "cancelled": Exit.JOB_CANCELLED,
}


def follow(job: JobHandle, *, as_json: bool = False, after: int = 0) -> int:
    """Show all that happens to a job past event `after`, to its end; the exit code says how it ended.

    Each durable event is shown once, also when the service is restarted meanwhile.
    """
    with _view(as_json=as_json) as view:
        for event in job.events(after):
            view.show(event)
            if event.name == "complete":
                return EXITS[event.data["status"]]
    return Exit.FAILED


class View(Protocol):
    """Somebody's way to look at a job."""

    def show(self, event: StreamEvent) -> None:
        """Show one event."""


def _view(*, as_json: bool) -> AbstractContextManager[View]:
    if as_json:
        return nullcontext(JsonView())
    return LiveView() if sys.stdout.isatty() else nullcontext(LineView())


class JsonView:
    """One JSON object a line."""

    def show(self, event: StreamEvent) -> None:
        """See `View.show`."""
        told = {"event": event.name, "id": event.id, "data": dict(event.data)}
        print(json.dumps(told, ensure_ascii=False), flush=True)


class LineView:
    """One line for what is worth one: states, points, log lines, and each tenth of the way."""

    def __init__(self) -> None:
        self._curves = Curves()
        self._status = ""
        self._tenth = 0

    def show(self, event: StreamEvent) -> None:
        """See `View.show`."""
        line = self._line(event)
        if line is not None:
            print(line, flush=True)

    def _line(self, event: StreamEvent) -> str | None:
        data = event.data
        match event.name:
            case "update":
                # An event of the past comes with the progress of the present.
                percent = None if event.id is not None else data["progress"]
                return self._moved(data["status"], percent)
            case "metric":
                return self._curves.line(data["step"], data["values"])
            case "log":
                return f"{data['level']}: {data['message']}"
            case "complete":
                return _end(data)
        return None

    def _moved(self, status: str, percent: float | None) -> str | None:
        if status in EXITS:
            return None  # `complete` tells it, with what came of the job
        if percent is not None and int(percent // 10) > self._tenth:
            self._tenth = int(percent // 10)
            return f"{status}  {percent:.0f} %"
        is_news, self._status = status != self._status, status
        return status if is_news else None


class LiveView:
    """A bar at the bottom of the terminal; points and log lines above it."""

    def __init__(self) -> None:
        self._curves = Curves()
        console = Console(highlight=False)
        self._bars = Progress(
            TextColumn("{task.fields[status]:<10}"),
            BarColumn(bar_width=40),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=console,
        )
        self._bar = self._bars.add_task("job", total=100, status="...", note="")

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        self._bars.stop()

    def show(self, event: StreamEvent) -> None:
        """See `View.show`."""
        data = event.data
        match event.name:
            case "update":
                note = str(data.get("message") or "")
                self._bars.update(
                    self._bar, completed=data["progress"], status=data["status"], note=note
                )
            case "metric":
                self._say(self._curves.line(data["step"], data["values"]))
            case "log":
                self._say(f"{data['level']}: {data['message']}")
            case "complete":
                done = 100 if data["status"] == "completed" else None
                self._bars.update(self._bar, completed=done, status=data["status"], note="")
                self._say(_end(data))

    def _say(self, line: str) -> None:
        self._bars.console.print(line, markup=False)


def _end(data: Mapping[str, Any]) -> str:
    if data.get("error") is not None:
        return f"{data['status']}: {data['error']}"
    result = json.dumps(data.get("result"), ensure_ascii=False)
    return f"{data['status']}: {result if len(result) <= 400 else result[:399] + '…'}"
