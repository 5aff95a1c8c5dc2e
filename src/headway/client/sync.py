"""The client for plain code: a line for each verb."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import httpx2

from headway.client import catalog, flow
from headway.client.calls import Progress
from headway.client.flow import JobOptions
from headway.client.job_handle import JobHandle
from headway.client.pump import Pump
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

    def sign_out(self) -> None:
        """Make the token void; the next call asks for another, if it knows how."""
        self._pump.run(flow.sign_out(self._session))

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
    ) -> JobHandle:
        """A job of any operation. Without a key of yours it is a job of its own."""
        made = flow.submit(self._session, job_type, request or {}, options, key)
        return self.job(self._pump.run(made))

    def submit_many(
        self, jobs: Iterable[Mapping[str, Any]], *, key: str | None = None
    ) -> list[JobHandle]:
        """Up to 1,000 jobs in one transaction, all of them or none: each as `job_type`, `input` and
        the options of `submit`."""
        made = self._pump.run(flow.submit_many(self._session, jobs, key))
        return [self.job(one) for one in made]

    def train(self, data: str | None = None, **request: Any) -> JobHandle:
        """Train a model on a data set, or on `examples`; with `name`, `alias`, `epochs` and more."""
        return self.submit("train_model", flow.given(data=data, **request))

    def batch_predict(self, texts: list[str] | None = None, **request: Any) -> JobHandle:
        """Classify many texts, those of a data set as `data`, or those of an uploaded `file`;
        `model` names who is asked."""
        return self.submit("batch_predict", flow.given(texts=texts, **request))

    def evaluate(self, data: str, model: str | None = None, **request: Any) -> JobHandle:
        """Measure a model on a labelled data set."""
        return self.submit("evaluate_model", flow.given(data=data, model=model, **request))

    def preprocess(self, data: str, **request: Any) -> JobHandle:
        """Make a data set from one there is."""
        return self.submit("preprocess", flow.given(data=data, **request))

    def import_csv(
        self,
        file: str | Path | None = None,
        *,
        progress: Progress | None = None,
        key: str | None = None,
        **options: Any,
    ) -> JobHandle:
        """Upload a CSV file, or name none for the bundled sample; with `name`, `delimiter` and more.
        `progress` is called with the bytes sent and the bytes there are."""
        path = None if file is None else Path(file)
        made = flow.import_csv(self._session, path, options, progress, key)
        return self.job(self._pump.run(made))

    def upload(self, file: str | Path, *, progress: Progress | None = None) -> FileView:
        """Store a file on the server: `batch_predict(file=...)` takes its `id`. `progress` is called as
        for `import_csv`."""
        return self._pump.run(flow.upload(self._session, Path(file), progress))

    def job(self, job_id: str) -> JobHandle:
        """A handle on a job; asks nobody whether there is one."""
        return JobHandle(self._pump, job_id)

    def jobs(self, *statuses: Status | str, job_type: str | None = None) -> Iterator[JobView]:
        """The user's jobs, newest first, fetched as you go."""
        return self._pump.iterate(flow.jobs(self._session, statuses, job_type))

    def watch(self, after: str | None = None) -> Iterator[JobsEvent]:
        """What happens to all of the user's jobs, without an end, also across lost connections and
        restarts of the service. It begins with those that have not ended, then comes `ready`; or
        `after` the `cursor` of an event you have."""
        return self._pump.iterate(WatchAll(self._session, after).events())

    def ticket(self) -> TicketAnswer:
        """A ticket for one WebSocket, good for half a minute: a browser that you serve needs no token."""
        return self._pump.run(flow.ticket(self._session))

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

    def lineage(self, reference: str, *, kind: catalog.Kind = "models") -> LineageView:
        """What a model, or one of the `datasets`, came from and what came of it: jobs, data, aliases."""
        return self._pump.run(catalog.lineage(self._session, kind, reference))

    def alias_history(
        self, name: str, alias: str = "default", *, kind: catalog.Kind = "models"
    ) -> list[AliasMoveView]:
        """Where an alias pointed, and the job that moved it there, newest first."""
        return self._pump.run(catalog.moves(self._session, kind, name, alias))

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
