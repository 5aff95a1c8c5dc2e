"""`ask_model`: one text for a model of the user's own, asked about together with others.

It shares the process of all `async def` operations, so a model is loaded once and stays; should
it take the process down, its jobs are run again elsewhere, and the API hears of it and no more.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import Final
from weakref import WeakKeyDictionary

from headway.context import Artifact, AsyncContext
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.own_files import kind_of, load_own
from headway.operations.requests.own import AskModel
from headway.own_model import Answer, Asked, OwnModel, ask

_MOST_LOADED: Final = 4


class Desk:
    """A loaded model, and the texts that wait to be asked about together.

    One call at a time: whoever comes meanwhile goes into the next, and models need not be safe for
    threads. The calls belong to nobody who waits, so nobody's leaving lets a second one begin."""

    def __init__(self, own: OwnModel, asked: Asked) -> None:
        self._own = own
        self._asked = asked
        self._waiting: list[tuple[str, asyncio.Future[Answer]]] = []
        self._full = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    async def ask(self, text: str) -> Answer:
        """The answer to one text, after a bounded wait for others."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, answer))
        if len(self._waiting) >= self._own.batch:
            self._full.set()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        with suppress(TimeoutError):  # for company
            async with asyncio.timeout(self._own.wait):
                await self._full.wait()
        while self._waiting:
            await self._ask_some()

    async def _ask_some(self) -> None:
        """Ask about those who have waited longest, and have not gone."""
        batch = self._own.batch
        here = [one for one in self._waiting if not one[1].done()]
        taken, self._waiting = here[:batch], here[batch:]
        self._full.clear()
        if not taken:
            return
        said = await asyncio.to_thread(ask, self._asked, [text for text, _ in taken], batch)
        for (_, answer), one in zip(taken, said, strict=True):
            if not answer.done():
                answer.set_result(one)


class Desks:
    """The models that were asked last, each loaded once, however many ask for it at a time."""

    def __init__(self) -> None:
        self._opening: OrderedDict[str, asyncio.Task[Desk]] = OrderedDict()

    async def of(self, artifact: Artifact, ctx: AsyncContext) -> Desk:
        """The desk of one model; raise what loading it raised, and load it again the next time."""
        opening = self._opening.get(artifact.id)
        if opening is None or (opening.done() and opening.exception() is not None):
            opening = asyncio.create_task(_open(artifact, kind_of(artifact, ctx)))
            self._opening[artifact.id] = opening
            if len(self._opening) > _MOST_LOADED:
                self._opening.popitem(last=False)
        self._opening.move_to_end(artifact.id)
        return await asyncio.shield(opening)


async def _open(artifact: Artifact, own: OwnModel) -> Desk:
    return Desk(own, await asyncio.to_thread(load_own, artifact, own))


_desks: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Desks]] = WeakKeyDictionary()
"""A cache of this process. A loop of a test has its own: futures belong to one."""


async def ask_model(request: AskModel, ctx: AsyncContext) -> dict[str, Json]:
    """Give the prediction for one text; several that come together are one call of the model."""
    artifact = ctx.artifact("model")
    if artifact is None or "format" not in artifact.meta:
        raise NotRetryable("expected a model of your own kind, got another; use /api/v1/predict")
    desks = _desks.setdefault(asyncio.get_running_loop(), Desks())
    desk = await desks.of(artifact, ctx)
    answer = await desk.ask(request.text)
    if "error" in answer:
        raise NotRetryable(f"the model has no answer: {answer['error']}")
    return answer | {"model": f"{artifact.name}@{artifact.version}", "model_id": artifact.id}
