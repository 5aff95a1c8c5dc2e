"""The client for an event loop: a line for each verb."""

from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import httpx2

from headway.client import catalog, flow
from headway.client.async_job_handle import AsyncJobHandle
from headway.client.calls import Progress
from headway.client.flow import JobOptions
from headway.client.pump import AsyncPump
from headway.client.retry.clock import SYSTEM, Clock
from headway.client.retry.policy import Policy
from headway.client.session import Session, timeouts
from headway.client.watching_all import JobsEvent, WatchAll
from headway.job import Status
from headway.wire.catalog import (
    AliasMoveView,
    AliasView,
    ArtifactDetail,
    ArtifactView,
    FileView,
    LineageView,
    OperationView,
)
from headway.wire.jobs import JobView
from headway.wire.predictions import PredictAnswer
from headway.wire.users import TicketAnswer, UserView


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

    async def sign_out(self) -> None:
        """Make the token void; the next call asks for another, if it knows how."""
        await self._pump.run(flow.sign_out(self._session))

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
    ) -> AsyncJobHandle:
        """A job of any operation. Without a key of yours it is a job of its own."""
        made = flow.submit(self._session, job_type, request or {}, options, key)
        return self.job(await self._pump.run(made))

    async def submit_many(
        self, jobs: Iterable[Mapping[str, Any]], *, key: str | None = None
    ) -> list[AsyncJobHandle]:
        """Up to 1,000 jobs in one transaction, all of them or none: each as `job_type`, `input` and
        the options of `submit`."""
        made = await self._pump.run(flow.submit_many(self._session, jobs, key))
        return [self.job(one) for one in made]

    async def train(self, data: str | None = None, **request: Any) -> AsyncJobHandle:
        """Train a model on a data set, or on `examples`; with `name`, `alias`, `epochs` and more."""
        return await self.submit("train_model", flow.given(data=data, **request))

    async def batch_predict(self, texts: list[str] | None = None, **request: Any) -> AsyncJobHandle:
        """Classify many texts, those of a data set as `data`, or those of an uploaded `file`;
        `model` names who is asked."""
        return await self.submit("batch_predict", flow.given(texts=texts, **request))

    async def evaluate(self, data: str, model: str | None = None, **request: Any) -> AsyncJobHandle:
        """Measure a model on a labelled data set."""
        return await self.submit("evaluate_model", flow.given(data=data, model=model, **request))

    async def preprocess(self, data: str, **request: Any) -> AsyncJobHandle:
        """Make a data set from one there is."""
        return await self.submit("preprocess", flow.given(data=data, **request))

    async def import_csv(
        self,
        file: str | Path | None = None,
        *,
        progress: Progress | None = None,
        key: str | None = None,
        **options: Any,
    ) -> AsyncJobHandle:
        """Upload a CSV file, or name none for the bundled sample; with `name`, `delimiter` and more.
        `progress` is called with the bytes sent and the bytes there are."""
        path = None if file is None else Path(file)
        made = flow.import_csv(self._session, path, options, progress, key)
        return self.job(await self._pump.run(made))

    async def upload(self, file: str | Path, *, progress: Progress | None = None) -> FileView:
        """Store a file on the server: `batch_predict(file=...)` takes its `id`. `progress` is called as
        for `import_csv`."""
        return await self._pump.run(flow.upload(self._session, Path(file), progress))

    def job(self, job_id: str) -> AsyncJobHandle:
        """A handle on a job; asks nobody whether there is one."""
        return AsyncJobHandle(self._pump, job_id)

    def jobs(self, *statuses: Status | str, job_type: str | None = None) -> AsyncIterator[JobView]:
        """The user's jobs, newest first, fetched as you go."""
        return self._pump.iterate(flow.jobs(self._session, statuses, job_type))

    def watch(self, after: str | None = None) -> AsyncIterator[JobsEvent]:
        """What happens to all of the user's jobs, without an end, also across lost connections and
        restarts of the service. It begins with those that have not ended, then comes `ready`; or
        `after` the `cursor` of an event you have."""
        return self._pump.iterate(WatchAll(self._session, after).events())

    async def ticket(self) -> TicketAnswer:
        """A ticket for one WebSocket, good for half a minute: a browser that you serve needs no token."""
        return await self._pump.run(flow.ticket(self._session))

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

    async def lineage(self, reference: str, *, kind: catalog.Kind = "models") -> LineageView:
        """What a model, or one of the `datasets`, came from and what came of it: jobs, data, aliases."""
        return await self._pump.run(catalog.lineage(self._session, kind, reference))

    async def alias_history(
        self, name: str, alias: str = "default", *, kind: catalog.Kind = "models"
    ) -> list[AliasMoveView]:
        """Where an alias pointed, and the job that moved it there, newest first."""
        return await self._pump.run(catalog.moves(self._session, kind, name, alias))

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
