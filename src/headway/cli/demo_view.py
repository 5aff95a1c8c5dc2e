"""What the demo shows while it runs: bars, the curve of each epoch, and a report."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from headway.cli.curves import sparkline
from headway.client import StreamEvent
from headway.wire.predictions import PredictAnswer


class DemoView:
    """Prints for a person in a terminal, and the same facts line by line where there is none."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def say(self, text: str) -> None:
        """Print a line."""
        self.console.print(text)

    def follow(self, title: str, events: Iterable[StreamEvent]) -> None:
        """Show a job live, until its last event."""
        accuracies: list[float] = []
        with Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
        ) as bars:
            bar = bars.add_task(title, total=100, note="")
            for event in events:
                if event.name == "update":
                    note = str(event.data.get("message") or "")
                    bars.update(bar, completed=event.data["progress"], note=note)
                elif event.name == "metric" and "accuracy" in event.data["values"]:
                    values = event.data["values"]
                    accuracies.append(values["accuracy"])
                    bars.console.print(_epoch_line(event.data["step"], values, accuracies))
                elif event.name == "complete":
                    done = 100 if event.data["status"] == "completed" else None
                    bars.update(bar, completed=done, note=event.data["status"])

    def report(self, title: str, rows: Mapping[str, str]) -> None:
        """Print a table of facts."""
        table = Table("", "", title=title, show_header=False, title_justify="left")
        for name, value in rows.items():
            table.add_row(name, value)
        self.console.print(table)

    def predictions(self, answers: Iterable[tuple[str, PredictAnswer]]) -> None:
        """Print texts and what the model makes of them."""
        table = Table(
            "text", "prediction", "confidence", title="Asked at once", title_justify="left"
        )
        for text, answer in answers:
            shown = " ".join(text.split())
            shown = shown if len(shown) <= 60 else shown[:57] + "..."
            table.add_row(shown, answer.prediction, f"{answer.confidence:.3f}")
        self.console.print(table)


def _epoch_line(step: int, values: Mapping[str, float], accuracies: list[float]) -> str:
    told = f"loss {values['loss']:.4f}  accuracy {values['accuracy']:.4f}"
    return f"  epoch {step:>3}  {told}  {sparkline(accuracies)}"
