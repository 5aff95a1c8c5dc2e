"""The client for plain code: a line for each verb."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import httpx2

from headway.client import catalog, flow
from headway.client.calls import Progress
from headway.client.flow import JobOptions
from headway.client.polling import StreamEvent
from headway.client.progress import JobBar
from headway.client.pump import Pump
from headway.client.retry.clock import SYSTEM, Clock
from headway.client.retry.policy import Policy
from headway.client.session import Session, timeouts
from headway.client.watching import watch
from headway.job import Status
from headway.wire.catalog import AliasView, ArtifactDetail, ArtifactView, FileView, OperationView
from headway.wire.jobs import AttemptView, EventView, JobView
from headway.wire.predictions import PredictAnswer
from headway.wire.users import UserView


class Client:
    """Speaks for one user to one service, and signs in when it first has to. Threads may share it.

    `policy` says how often and how long a call is tried; `patience` for how many seconds `wait`,
    `events` and `results` bear a service that is away.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        username: str | None = None,
        password: str | None = None,
        *,
        token: str | None = None,
        policy: Policy | None = None,
        timeout: float = 60.0,
        patience: float = 300.0,
        transport: httpx2.BaseTransport | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._session = Session(
            policy or Policy(),
            clock,
            username=username,
            password=password,
            token=token,
            patience=patience,
        )
        http = httpx2.Client(base_url=base_url, timeout=timeouts(timeout), transport=transport)
        self._pump = Pump(http, self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections. Closing twice is fine."""
        self._pump.http.close()

    def sign_in(self) -> str:
        """The bearer token; asks for one if there is none yet."""
        return self._pump.run(flow.sign_in(self._session))

    def me(self) -> UserView:
        """Who the user is, and how much he asked for."""
        return self._pump.run(flow.me(self._session))

    def predict(self, text: str, model: str | None = None) -> PredictAnswer:
        """The prediction for one text, at once."""
        return self._pump.run(flow.predict(self._session, text, model))

    def submit(
        self,
        job_type: str,
        request: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> "JobHandle":
        """A job of any operation. Without a key of yours it is a job of its own."""
        made = flow.submit(self._session, job_type, request or {}, options, key)
        return self.job(self._pump.run(made))

    def train(self, data: str | None = None, **request: Any) -> "JobHandle":
        """Train a model on a data set, or on `examples`; with `name`, `alias`, `epochs` and more."""
        return self.submit("train_model", flow.given(data=data, **request))

    def batch_predict(self, texts: list[str] | None = None, **request: Any) -> "JobHandle":
        """Classify many texts, those of a data set as `data`, or those of an uploaded `file`;
        `model` names who is asked."""
        return self.submit("batch_predict", flow.given(texts=texts, **request))

    def evaluate(self, data: str, model: str | None = None, **request: Any) -> "JobHandle":
        """Measure a model on a labelled data set."""
        return self.submit("evaluate_model", flow.given(data=data, model=model, **request))

    def preprocess(self, data: str, **request: Any) -> "JobHandle":
        """Make a data set from one there is."""
        return self.submit("preprocess", flow.given(data=data, **request))

    def import_csv(
        self,
        file: str | Path | None = None,
        *,
        progress: Progress | None = None,
        key: str | None = None,
        **options: Any,
    ) -> "JobHandle":
        """Upload a CSV file, or name none for the bundled sample; with `name`, `delimiter` and more.
        `progress` is called with the bytes sent and the bytes there are."""
        path = None if file is None else Path(file)
        made = flow.import_csv(self._session, path, options, progress, key)
        return self.job(self._pump.run(made))

    def upload(self, file: str | Path, *, progress: Progress | None = None) -> FileView:
        """Store a file on the server: `batch_predict(file=...)` takes its `id`. `progress` is called as
        for `import_csv`."""
        return self._pump.run(flow.upload(self._session, Path(file), progress))

    def job(self, job_id: str) -> "JobHandle":
        """A handle on a job; asks nobody whether there is one."""
        return JobHandle(self._pump, job_id)

    def jobs(self, *statuses: Status | str, job_type: str | None = None) -> Iterator[JobView]:
        """The user's jobs, newest first, fetched as you go."""
        return self._pump.iterate(flow.jobs(self._session, statuses, job_type))

    def operations(self) -> list[OperationView]:
        """Everything jobs can run, with the schema of its input."""
        return self._pump.run(flow.operations(self._session))

    def datasets(self, name: str | None = None) -> list[ArtifactView]:
        """Every version of a data set that the user sees, newest first, then the bundled ones."""
        return self._pump.run(catalog.find(self._session, "datasets", name))

    def dataset(self, reference: str) -> ArtifactDetail:
        """A data set by `name`, `name@version` or id, and what it was made from."""
        return self._pump.run(catalog.one(self._session, "datasets", reference))

    def delete_dataset(self, reference: str) -> None:
        """Delete a version. Raise `Conflict` while something needs it."""
        self._pump.run(catalog.delete(self._session, "datasets", reference))

    def models(self, name: str | None = None) -> list[ArtifactView]:
        """Every version of a model that the user sees, newest first, then the bundled ones."""
        return self._pump.run(catalog.find(self._session, "models", name))

    def model(self, reference: str) -> ArtifactDetail:
        """A model by `name`, `name@version`, `name@alias` or id: metrics, parameters, sources."""
        return self._pump.run(catalog.one(self._session, "models", reference))

    def model_versions(self, name: str) -> list[ArtifactView]:
        """The versions of a model, newest first."""
        return self._pump.run(catalog.versions(self._session, "models", name))

    def delete_model(self, reference: str) -> None:
        """Delete a version. Raise `Conflict` while an alias points to it or a job needs it."""
        self._pump.run(catalog.delete(self._session, "models", reference))

    def share_model(self, reference: str, *, shared: bool = True) -> ArtifactDetail:
        """Show a version to every user, or keep it to its owner again."""
        return self._pump.run(catalog.share(self._session, "models", reference, shared=shared))

    def aliases(self, name: str) -> list[AliasView]:
        """The aliases of a model, and the version each points to."""
        return self._pump.run(catalog.aliases(self._session, name))

    def promote(
        self,
        name: str,
        version: int | str,
        alias: str = "default",
        *,
        kind: catalog.Kind = "models",
        expected: int | str | None = None,
    ) -> AliasView:
        """Point an alias of a model, or of one of the `datasets`, to a version; `expected` is
        where it must point before."""
        made = catalog.promote(self._session, name, version, alias, kind, expected)
        return self._pump.run(made)

    def roll_back(self, name: str, alias: str = "default") -> AliasView:
        """Point an alias to where it pointed before."""
        return self._pump.run(catalog.roll_back(self._session, name, alias))

    def wait_until_ready(self, seconds: float = 60.0) -> None:
        """Return once the service can take jobs and run them."""
        self._pump.run(flow.ready(self._session, seconds))


class JobHandle:
    """One job of the service."""

    def __init__(self, pump: Pump, job_id: str) -> None:
        self.id = job_id
        self._pump = pump
        self._session = pump.session

    def __repr__(self) -> str:
        return f"JobHandle({self.id!r})"

    def now(self) -> JobView:
        """The job as it is now."""
        return self._pump.run(flow.job(self._session, self.id))

    def wait(self, timeout: float | None = None, *, progress: bool = False) -> JobView:
        """The job once it has ended, however it did; `progress` shows it on the standard error.
        Raise `StillRunning` when the timeout passes first."""
        if progress:
            with JobBar(self.id) as bar:
                for event in self._pump.iterate(watch(self._session, self.id, 0, timeout)):
                    bar.show(event)
        return self._pump.run(flow.waited(self._session, self.id, timeout))

    def result(self, timeout: float | None = None, *, progress: bool = False) -> Any:
        """What the job returned, once it has. Raise `JobFailed` or `JobCancelled` if it never will."""
        return flow.outcome(self.wait(timeout, progress=progress))

    def events(self, after: int | None = 0) -> Iterator[StreamEvent]:
        """Everything that happens to the job, up to `complete`: each durable event once and in order,
        also across lost connections and restarts of the service. `after` is the id of the last one
        you have; None begins with the present."""
        return self._pump.iterate(watch(self._session, self.id, after))

    def results(
        self, cursor: int = 0, *, status: str | None = None, follow: bool = True
    ) -> Iterator[dict[str, Any]]:
        """Results of single items, each with its `index`, as they come; to go on later, begin with
        the last index + 1. Without `follow` only those there are now."""
        return self._pump.iterate(
            flow.results(self._session, self.id, cursor, status, follow=follow)
        )

    def cancel(self) -> None:
        """Cancel the job. Raise `AlreadyFinished` if it has ended otherwise."""
        self._pump.run(flow.cancel(self._session, self.id))

    def retry(self, *, failed_items: bool = False) -> JobView:
        """Give a failed or cancelled job new attempts; with `failed_items` only those items."""
        return self._pump.run(flow.retry(self._session, self.id, failed_items=failed_items))

    def history(self) -> Iterator[EventView]:
        """Every durable event so far, with its time."""
        return self._pump.iterate(flow.history(self._session, self.id, "events"))

    def metrics(self) -> Iterator[EventView]:
        """The points of the job's curves so far."""
        return self._pump.iterate(flow.history(self._session, self.id, "metrics"))

    def logs(self) -> Iterator[EventView]:
        """The lines the operation wrote so far."""
        return self._pump.iterate(flow.history(self._session, self.id, "logs"))

    def attempts(self) -> list[AttemptView]:
        """The job's ended attempts, and what each cost."""
        return self._pump.run(flow.attempts(self._session, self.id))
