"""A data directory with its queue, and the real workers a test starts on it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from headway.events import Event
from headway.job import FINISHED, Job, Status
from headway.job_request import JobRequest
from headway.settings import Settings
from headway.store.values.history import AttemptRecord
from headway.wiring import Service, open_service
from tests.sqlite import is_locked, migrate
from tests.waiting import AT_ONCE, eventually
from tests.worker.processes import below, children_of
from tests.worker.steps import FENCED, Fence, fence_of

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
MODULE = "tests.worker.operations_under_test"


@dataclass
class WorkerProcess:
    """One `headway work`, a real process in a session of its own."""

    process: "subprocess.Popen[bytes]"
    log_file: Path
    under_celery: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def core(self) -> int:
        """The process that claims jobs: itself, or the one that Celery's worker keeps."""
        if not self.under_celery:
            return self.pid
        return eventually(lambda: children_of(self.pid))[0]

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def zygote(self) -> int:
        """The process that forks children."""
        (only,) = eventually(lambda: children_of(self.core))
        return only

    def children(self) -> list[int]:
        """The processes that run operations."""
        return children_of(self.zygote)

    def below(self) -> list[int]:
        """Every process it is responsible for."""
        return below(self.pid)

    def until_ready(self) -> "WorkerProcess":
        eventually(lambda: "is ready" in self.log or self.process.poll() is not None, within=60)
        assert self.process.poll() is None, self.log
        return self

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def exit_code(self, *, within: float = AT_ONCE) -> int:
        """The exit code, once it has ended. If it does not, its last words; with
        PYTHONFAULTHANDLER=1 in the environment these are the stacks of its threads."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(within)
            raise AssertionError(
                f"it had not ended after {within:g} s:\n{self.log[-6000:]}"
            ) from None

    def stop(self) -> int:
        """End it at once, even if it stands still."""
        self.process.send_signal(signal.SIGCONT)
        for _ in range(2):
            self.terminate()
        return self.exit_code()

    def close(self) -> None:
        """Leave nothing of it, however it is. Closing twice is fine."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):  # what was not read of it is nobody's any more
                self.process.stdin.close()
        if self.process.poll() is None:
            try:
                self.stop()
            finally:
                self.kill()


@dataclass
class Site:
    """What a test asks and tells."""

    directory: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = (MODULE,)

    def __post_init__(self) -> None:
        self.workers: list[WorkerProcess] = []
        self.directory.mkdir(parents=True, exist_ok=True)
        if "database_url" not in self.settings:
            migrate(self.directory)
        self.service: Service = open_service(
            Settings(
                data_dir=self.directory,
                operations=self.modules,
                embedded_worker=False,
                **self.settings,
            )
        )
        self.store = self.service.store

    def start(
        self,
        *arguments: str,
        entry: Collection[str] = ("headway",),
        stdin: int = subprocess.DEVNULL,
        outside: Mapping[str, str] = NOTHING,
        program: Collection[str] = (sys.executable,),
        **environment: object,
    ) -> WorkerProcess:
        """Start a worker and return at once. What is `outside` are no settings of ours."""
        log_file = self.directory / f"worker-{len(self.workers)}.log"
        told = as_variables({**self.settings, **environment})
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                [*program, "-m", *entry, "work", *arguments],
                stdin=stdin,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=ROOT,
                env={
                    **os.environ,
                    "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
                    "HEADWAY_DATA_DIR": str(self.directory),
                    "HEADWAY_OPERATIONS": ",".join(self.modules),
                    "HEADWAY_SLOTS": "2",
                    **told,
                    **outside,
                },
            )
        under_celery = self.settings.get("engine") == "celery"
        self.workers.append(WorkerProcess(process, log_file, under_celery))
        return self.workers[-1]

    def worker(self, *arguments: str, **options: Any) -> WorkerProcess:
        """Start a worker and wait until it is ready."""
        return self.start(*arguments, **options).until_ready()

    def submit(
        self, operation: str, _options: Mapping[str, Any] | None = None, **input: Any
    ) -> Job:
        """A job of ada's; `_options` are those of the request."""
        return self.service.queue.submit(
            JobRequest(operation=operation, owner="ada", input=input, **(_options or {}))
        )

    def job(self, job: Job) -> Job:
        """The job as it is now."""
        found = self.store.jobs.get(job.id)
        assert found is not None
        return found

    def until(self, job: Job, true_of: Callable[[Job], object], *, within: float = AT_ONCE) -> Job:
        """The job as soon as this is true of it."""
        seen: list[Job] = []

        def look() -> bool:
            seen[:] = [self.job(job)]
            return bool(true_of(seen[0]))

        try:
            eventually(look, within=within)
        except AssertionError as error:
            logs = "\n".join(worker.log for worker in self.workers)
            raise AssertionError(f"{error}\n{seen[0]}\n{logs}") from None
        return seen[0]

    def finished(self, job: Job, *, within: float = AT_ONCE) -> Job:
        return self.until(job, lambda now: now.status in FINISHED, within=within)

    def completed(self, job: Job, *, within: float = AT_ONCE) -> Job:
        ended = self.finished(job, within=within)
        assert ended.status is Status.COMPLETED, (ended, self.attempts(job))
        return ended

    def failed(self, job: Job, *, within: float = AT_ONCE) -> Job:
        ended = self.finished(job, within=within)
        assert ended.status is Status.FAILED, ended
        return ended

    def cancel(self, job: Job) -> Job:
        return self.service.queue.cancel(job.id, job.owner)

    def attempts(self, job: Job) -> list[AttemptRecord]:
        return self.store.jobs.attempts(job.id)

    def reasons(self, job: Job) -> list[str]:
        """Why each attempt ended."""
        return [one.reason for one in self.attempts(job)]

    def events(self, job: Job, *kinds: str) -> list[Event]:
        return self.store.events.of_job(job.id, kinds=kinds, limit=100_000)

    def fence(self, job: Job) -> Fence:
        """What the store let each attempt save."""
        return fence_of(self.events(job, *FENCED))

    def logged(self, job: Job) -> list[str]:
        """The lines the job's user reads."""
        return [event.data["message"] for event in self.events(job, "log")]

    def stop_outside_a_write(self, pid: int) -> None:
        """SIGSTOP at a moment when nobody waits for it: whoever stands still in the middle of a
        write, or next in turn for one, holds up every writer of the database. A server ends the
        transaction of one that says nothing, so there any moment will do."""
        while True:
            os.kill(pid, signal.SIGSTOP)
            if "database_url" in self.settings or all(
                not is_locked(self.directory / name) for name in ("write.turnstile", "write.gate")
            ):
                return
            os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """Kill what still runs: all of it, whatever fails on the way, and only then raise that."""
        with ExitStack() as closing:
            closing.callback(self.service.close)
            for worker in self.workers:
                closing.callback(worker.close)


def as_variables(settings: Mapping[str, object]) -> dict[str, str]:
    """Settings as the environment says them."""
    return {f"HEADWAY_{name.upper()}": _as_variable(value) for name, value in settings.items()}


def _as_variable(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}={one}" for name, one in value.items())
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def pid_in(file: Path, *, within: float = AT_ONCE) -> int:
    """The process number that an operation wrote there."""
    eventually(file.exists, within=within)
    return int(file.read_text())
