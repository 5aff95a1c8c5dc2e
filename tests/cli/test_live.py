"""What is shown while a job runs: in a terminal, and while the service is killed and started again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from headway.cli import main
from tests.cli.conftest import Service, running
from tests.cli.terminal import terminal

Capture = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("signed_in")
def test_a_terminal_shows_bar_curve_and_end(capsys: Capture) -> None:
    main(["submit", "fit", "--epochs", "3", "--rows", "200"])
    job_id = capsys.readouterr().out.strip()
    with terminal("watch", job_id) as one:
        assert one.ended() == 0
    assert "step   3  loss" in one.shown
    assert "100%" in one.shown
    assert "━━━━" in one.shown
    assert 'completed: {"loss":' in one.shown


@pytest.mark.usefixtures("signed_in")
def test_colours_are_for_terminals_whose_users_want_them(capsys: Capture) -> None:
    main(["submit", "nothing", "--watch"])
    with terminal("jobs", "--limit", "1") as coloured:
        coloured.ended()
    assert "\x1b[32mcompleted\x1b[0m" in coloured.shown
    with terminal("jobs", "--limit", "1", NO_COLOR="1") as plain:
        plain.ended()
    assert "\x1b[" not in plain.shown


@pytest.mark.usefixtures("signed_in")
def test_a_table_of_jobs_is_kept_up_to_date(capsys: Capture, tmp_path: Path) -> None:
    main(["submit", "steps", "--gate", str(tmp_path), "--steps", "1"])
    job_id = capsys.readouterr().out.strip()
    with terminal("jobs", "--watch", "--limit", "1", NO_COLOR="1") as table:
        table.until(f"{job_id}  steps")
        (tmp_path / "1").touch()
        table.until("completed")


@pytest.mark.usefixtures("signed_in")
def test_jobs_of_later_are_told_to_a_pipe_as_they_move(capsys: Capture) -> None:
    """A line for each change, of every job of the choice and of no other."""
    main(["submit", "nothing", "--watch"])
    capsys.readouterr()
    watching = subprocess.Popen(
        [sys.executable, "-m", "headway", "jobs", "--watch", "--json", "--type", "fail"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert watching.stdout is not None
    try:
        made = []
        for _ in range(2):  # the second is submitted when the first is known to be watched
            main(["submit", "fail"])
            made.append(capsys.readouterr().out.strip())
            for line in watching.stdout:
                job = json.loads(line)
                assert job["job_type"] == "fail"
                if (job["job_id"], job["status"]) == (made[-1], "failed"):
                    break
    finally:
        watching.terminate()
        watching.wait(30)
        watching.stdout.close()


class Watcher:
    """`headway watch --json` in a process of its own, whose pipe is read as it is written."""

    def __init__(self, job_id: str) -> None:
        self.events: list[dict[str, object]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headway", "watch", job_id, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def until(self, kind: str, count: int) -> None:
        """Read until so many events of this kind have come in all."""
        while sum(one["event"] == kind for one in self.events) < count:
            self.events.append(self._next())

    def to_the_end(self) -> int:
        while not self.events or self.events[-1]["event"] != "complete":
            self.events.append(self._next())
        return self.process.wait(30)

    def _next(self) -> dict[str, object]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "expected another event, got the end"
        event: dict[str, object] = json.loads(line)
        return event


@pytest.fixture
def own_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Service]:
    with running() as service:
        monkeypatch.setenv("HEADWAY_URL", service.url)
        monkeypatch.setenv("HEADWAY_USER", "alice")
        monkeypatch.setenv("HEADWAY_PASSWORD", "secret123")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        yield service


def test_nothing_is_missed_while_the_service_is_killed_and_restarted(
    own_service: Service, capsys: Capture, tmp_path: Path
) -> None:
    """Every epoch is shown exactly once, in order, whatever the service went through."""
    gate = tmp_path / "gate"
    gate.mkdir()

    def allow(*steps: int) -> None:
        for step in steps:
            (gate / str(step)).touch()

    main(["submit", "climb", "--gate", str(gate), "--steps", "9"])
    watcher = Watcher(capsys.readouterr().out.strip())
    allow(1, 2, 3)
    watcher.until("checkpoint", 3)
    own_service.kill()
    allow(4, 5)
    own_service.start()
    watcher.until("checkpoint", 5)
    own_service.stop()
    own_service.start()
    allow(6, 7, 8, 9)
    assert watcher.to_the_end() == 0
    assert watcher.process.stdout is not None
    watcher.process.stdout.close()
    numbers = [one["id"] for one in watcher.events if one["id"] is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    steps = [one["data"]["step"] for one in watcher.events if one["event"] == "metric"]  # type: ignore[index]
    assert steps == list(range(1, 10))


def test_a_large_message_of_a_stranger_is_never_held(service: Service) -> None:
    """Nor what it would be unpacked: the server itself hangs up, which says how large it was."""
    with connect(f"{service.url.replace('http', 'ws')}/ws/jobs") as socket:
        socket.send("x" * 1_000_000)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert closed.value.rcvd.reason != "too large", "it came as far as the application"
