"""A job's progress for a person: a bar in a terminal, one line where there is none."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from headway.client.polling import StreamEvent


class JobBar:
    """Shows the events it is given until the last one."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        # On the standard error: what a program prints is its own.
        self._console = console or Console(stderr=True, highlight=False)
        self._title = title
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            transient=not self._console.is_terminal,
        )
        self._bar = self._bars.add_task(title, total=100, note="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def show(self, event: StreamEvent) -> None:
        """Show what has happened."""
        match event.name:
            case "update":
                note = str(event.data.get("message") or event.data["status"])
                self._bars.update(self._bar, completed=event.data["progress"], note=note)
            case "metric":
                values = event.data["values"]
                note = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
                self._bars.update(self._bar, note=f"step {event.data['step']}: {note}")
            case "complete":
                self._end(str(event.data["status"]), event.data.get("error"))

    def _end(self, status: str, error: object) -> None:
        note = status if error is None else f"{status}: {error}"
        if self._console.is_terminal:
            done = 100 if status == "completed" else None
            self._bars.update(self._bar, completed=done, note=note)
        else:
            self._console.print(f"{self._title}: {note}", markup=False, soft_wrap=True)
