"""One job, for an event loop: a line for each verb."""

from collections.abc import AsyncIterator
from typing import Any

from headway.client import one_job
from headway.client.polling import StreamEvent
from headway.client.progress import JobBar
from headway.client.pump import AsyncPump
from headway.client.watching import watch
from headway.wire.jobs import AttemptView, EventView, JobView


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
        return await self._pump.run(one_job.job(self._session, self.id))

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
        return await self._pump.run(one_job.waited(self._session, self.id, timeout))

    async def result(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - as in plain code; the error says more
        *,
        progress: bool = False,
    ) -> Any:
        """What the job returned, once it has. Raise `JobFailed` or `JobCancelled` if it never will."""
        return one_job.outcome(await self.wait(timeout, progress=progress))

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
            one_job.results(self._session, self.id, cursor, status, follow=follow)
        )

    async def cancel(self) -> None:
        """Cancel the job. Raise `AlreadyFinished` if it has ended otherwise."""
        await self._pump.run(one_job.cancel(self._session, self.id))

    async def retry(self, *, failed_items: bool = False) -> JobView:
        """Give a failed or cancelled job new attempts; with `failed_items` only those items."""
        return await self._pump.run(
            one_job.retry(self._session, self.id, failed_items=failed_items)
        )

    def history(self) -> AsyncIterator[EventView]:
        """Every durable event so far, with its time."""
        return self._pump.iterate(one_job.history(self._session, self.id, "events"))

    def metrics(self) -> AsyncIterator[EventView]:
        """The points of the job's curves so far."""
        return self._pump.iterate(one_job.history(self._session, self.id, "metrics"))

    def logs(self) -> AsyncIterator[EventView]:
        """The lines the operation wrote so far."""
        return self._pump.iterate(one_job.history(self._session, self.id, "logs"))

    async def attempts(self) -> list[AttemptView]:
        """The job's ended attempts, and what each cost."""
        return await self._pump.run(one_job.attempts(self._session, self.id))
