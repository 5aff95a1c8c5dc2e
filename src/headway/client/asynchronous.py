"""The client for an event loop: a line for each verb."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import httpx2

from headway.client import catalog, flow
from headway.client.calls import Progress
from headway.client.flow import JobOptions
from headway.client.polling import StreamEvent
from headway.client.progress import JobBar
from headway.client.pump import AsyncPump
from headway.client.retry.clock import SYSTEM, Clock
from headway.client.retry.policy import Policy
from headway.client.session import Session, timeouts
from headway.client.watching import watch
from headway.job import Status
from headway.wire.catalog import AliasView, ArtifactDetail, ArtifactView, FileView, OperationView
from headway.wire.jobs import AttemptView, EventView, JobView
from headway.wire.predictions import PredictAnswer
from headway.wire.users import UserView


class AsyncClient:
    """Speaks for one user to one service, and signs in when it first has to. The tasks of one loop may
    share it.

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
        transport: httpx2.AsyncBaseTransport | None = None,
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
        http = httpx2.AsyncClient(base_url=base_url, timeout=timeouts(timeout), transport=transport)
        self._pump = AsyncPump(http, self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections. Closing twice is fine."""
        await self._pump.http.aclose()

    async def sign_in(self) -> str:
        """The bearer token; asks for one if there is none yet."""
        return await self._pump.run(flow.sign_in(self._session))

    async def me(self) -> UserView:
        """Who the user is, and how much he asked for."""
        return await self._pump.run(flow.me(self._session))

    async def predict(self, text: str, model: str | None = None) -> PredictAnswer:
        """The prediction for one text, at once."""
        return await self._pump.run(flow.predict(self._session, text, model))

    async def submit(
        self,
        job_type: str,
        request: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> "AsyncJobHandle":
        """A job of any operation. Without a key of yours it is a job of its own."""
        made = flow.submit(self._session, job_type, request or {}, options, key)
        return self.job(await self._pump.run(made))

    async def train(self, data: str | None = None, **request: Any) -> "AsyncJobHandle":
        """Train a model on a data set, or on `examples`; with `name`, `alias`, `epochs` and more."""
        return await self.submit("train_model", flow.given(data=data, **request))

    async def batch_predict(
        self, texts: list[str] | None = None, **request: Any
    ) -> "AsyncJobHandle":
        """Classify many texts, those of a data set as `data`, or those of an uploaded `file`;
        `model` names who is asked."""
        return await self.submit("batch_predict", flow.given(texts=texts, **request))

    async def evaluate(
        self, data: str, model: str | None = None, **request: Any
    ) -> "AsyncJobHandle":
        """Measure a model on a labelled data set."""
        return await self.submit("evaluate_model", flow.given(data=data, model=model, **request))

    async def preprocess(self, data: str, **request: Any) -> "AsyncJobHandle":
        """Make a data set from one there is."""
        return await self.submit("preprocess", flow.given(data=data, **request))

    async def import_csv(
        self,
        file: str | Path | None = None,
        *,
        progress: Progress | None = None,
        key: str | None = None,
        **options: Any,
    ) -> "AsyncJobHandle":
        """Upload a CSV file, or name none for the bundled sample; with `name`, `delimiter` and more.
        `progress` is called with the bytes sent and the bytes there are."""
        path = None if file is None else Path(file)
        made = flow.import_csv(self._session, path, options, progress, key)
        return self.job(await self._pump.run(made))

    async def upload(self, file: str | Path, *, progress: Progress | None = None) -> FileView:
        """Store a file on the server: `batch_predict(file=...)` takes its `id`. `progress` is called as
        for `import_csv`."""
        return await self._pump.run(flow.upload(self._session, Path(file), progress))

    def job(self, job_id: str) -> "AsyncJobHandle":
        """A handle on a job; asks nobody whether there is one."""
        return AsyncJobHandle(self._pump, job_id)

    def jobs(self, *statuses: Status | str, job_type: str | None = None) -> AsyncIterator[JobView]:
        """The user's jobs, newest first, fetched as you go."""
        return self._pump.iterate(flow.jobs(self._session, statuses, job_type))

    async def operations(self) -> list[OperationView]:
        """Everything jobs can run, with the schema of its input."""
        return await self._pump.run(flow.operations(self._session))

    async def datasets(self, name: str | None = None) -> list[ArtifactView]:
        """Every version of a data set that the user sees, newest first, then the bundled ones."""
        return await self._pump.run(catalog.find(self._session, "datasets", name))

    async def dataset(self, reference: str) -> ArtifactDetail:
        """A data set by `name`, `name@version` or id, and what it was made from."""
        return await self._pump.run(catalog.one(self._session, "datasets", reference))

    async def delete_dataset(self, reference: str) -> None:
        """Delete a version. Raise `Conflict` while something needs it."""
        await self._pump.run(catalog.delete(self._session, "datasets", reference))

    async def models(self, name: str | None = None) -> list[ArtifactView]:
        """Every version of a model that the user sees, newest first, then the bundled ones."""
        return await self._pump.run(catalog.find(self._session, "models", name))

    async def model(self, reference: str) -> ArtifactDetail:
        """A model by `name`, `name@version`, `name@alias` or id: metrics, parameters, sources."""
        return await self._pump.run(catalog.one(self._session, "models", reference))

    async def model_versions(self, name: str) -> list[ArtifactView]:
        """The versions of a model, newest first."""
        return await self._pump.run(catalog.versions(self._session, "models", name))

    async def delete_model(self, reference: str) -> None:
        """Delete a version. Raise `Conflict` while an alias points to it or a job needs it."""
        await self._pump.run(catalog.delete(self._session, "models", reference))

    async def share_model(self, reference: str, *, shared: bool = True) -> ArtifactDetail:
        """Show a version to every user, or keep it to its owner again."""
        return await self._pump.run(
            catalog.share(self._session, "models", reference, shared=shared)
        )

    async def aliases(self, name: str) -> list[AliasView]:
        """The aliases of a model, and the version each points to."""
        return await self._pump.run(catalog.aliases(self._session, name))

    async def promote(
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
        return await self._pump.run(made)

    async def roll_back(self, name: str, alias: str = "default") -> AliasView:
        """Point an alias to where it pointed before."""
        return await self._pump.run(catalog.roll_back(self._session, name, alias))

    async def wait_until_ready(self, seconds: float = 60.0) -> None:
        """Return once the service can take jobs and run them."""
        await self._pump.run(flow.ready(self._session, seconds))


class AsyncJobHandle:
    """One job of the service."""

    def __init__(self, pump: AsyncPump, job_id: str) -> None:
        self.id = job_id
        self._pump = pump
        self._session = pump.session

    def __repr__(self) -> str:
        return f"AsyncJobHandle({self.id!r})"

    async def now(self) -> JobView:
        """The job as it is now."""
        return await self._pump.run(flow.job(self._session, self.id))

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as in plain code; the error says more
        *,
        progress: bool = False,
    ) -> JobView:
        """The job once it has ended, however it did; `progress` shows it on the standard error.
        Raise `StillRunning` when the timeout passes first."""
        if progress:
            with JobBar(self.id) as bar:
                async for event in self._pump.iterate(watch(self._session, self.id, 0, timeout)):
                    bar.show(event)
        return await self._pump.run(flow.waited(self._session, self.id, timeout))

    async def result(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as in plain code; the error says more
        *,
        progress: bool = False,
    ) -> Any:
        """What the job returned, once it has. Raise `JobFailed` or `JobCancelled` if it never will."""
        return flow.outcome(await self.wait(timeout, progress=progress))

    def events(self, after: int | None = 0) -> AsyncIterator[StreamEvent]:
        """Everything that happens to the job, up to `complete`: each durable event once and in order,
        also across lost connections and restarts of the service. `after` is the id of the last one
        you have; None begins with the present."""
        return self._pump.iterate(watch(self._session, self.id, after))

    def results(
        self, cursor: int = 0, *, status: str | None = None, follow: bool = True
    ) -> AsyncIterator[dict[str, Any]]:
        """Results of single items, each with its `index`, as they come; to go on later, begin with
        the last index + 1. Without `follow` only those there are now."""
        return self._pump.iterate(
            flow.results(self._session, self.id, cursor, status, follow=follow)
        )

    async def cancel(self) -> None:
        """Cancel the job. Raise `AlreadyFinished` if it has ended otherwise."""
        await self._pump.run(flow.cancel(self._session, self.id))

    async def retry(self, *, failed_items: bool = False) -> JobView:
        """Give a failed or cancelled job new attempts; with `failed_items` only those items."""
        return await self._pump.run(flow.retry(self._session, self.id, failed_items=failed_items))

    def history(self) -> AsyncIterator[EventView]:
        """Every durable event so far, with its time."""
        return self._pump.iterate(flow.history(self._session, self.id, "events"))

    def metrics(self) -> AsyncIterator[EventView]:
        """The points of the job's curves so far."""
        return self._pump.iterate(flow.history(self._session, self.id, "metrics"))

    def logs(self) -> AsyncIterator[EventView]:
        """The lines the operation wrote so far."""
        return self._pump.iterate(flow.history(self._session, self.id, "logs"))

    async def attempts(self) -> list[AttemptView]:
        """The job's ended attempts, and what each cost."""
        return await self._pump.run(flow.attempts(self._session, self.id))
