"""`ask_model`: one text for a model of the user's own, asked about together with others.

It shares the process of all `async def` operations, so a model is loaded once and stays; should
it take the process down, its jobs are run again elsewhere, and the API hears of it and no more.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import Final

from headway.context import Artifact, AsyncContext
from headway.errors import NotRetryable
from headway.job import Json
from headway.operations.own_files import kind_of, load_own
from headway.operations.requests.own import AskModel
from headway.own_model import Answer, Asked, OwnModel, ask

_MOST_LOADED: Final = 4


class Desk:
    """A loaded model, and the texts that wait to be asked about together."""

    def __init__(self, own: OwnModel, asked: Asked) -> None:
        self._own = own
        self._asked = asked
        self._waiting: list[tuple[str, asyncio.Future[Answer]]] = []
        self._full = asyncio.Event()
        self._busy = asyncio.Lock()
        """One call at a time: whoever comes meanwhile goes into the next, and models need not
        be safe for threads."""

    async def ask(self, text: str) -> Answer:
        """The answer to one text, after a bounded wait for others."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, answer))
        if len(self._waiting) >= self._own.batch:
            self._full.set()
        with suppress(TimeoutError):  # for company; who came first asks for all
            async with asyncio.timeout(self._own.wait):
                await self._full.wait()
        async with self._busy:
            while not answer.done():
                await self._ask_some()
        return await answer

    async def _ask_some(self) -> None:
        """Ask about those who wait longest. If we are cancelled meanwhile, they wait on."""
        batch = self._own.batch
        taken, self._waiting = self._waiting[:batch], self._waiting[batch:]
        if len(self._waiting) < batch:
            self._full.clear()
        try:
            texts = [text for text, _ in taken]
            said = await asyncio.to_thread(ask, self._asked, texts, batch)
            for (_, answer), one in zip(taken, said, strict=True):
                if not answer.done():
                    answer.set_result(one)
        finally:
            self._waiting = [one for one in taken if not one[1].done()] + self._waiting


_desks: Final[OrderedDict[str, Desk]] = OrderedDict()
"""A cache of this process: the models asked last, by id."""
_loading: Final = asyncio.Lock()


async def ask_model(request: AskModel, ctx: AsyncContext) -> dict[str, Json]:
    """Give the prediction for one text; several that come together are one call of the model."""
    artifact = ctx.artifact("model")
    if artifact is None or "format" not in artifact.meta:
        raise NotRetryable("expected a model of your own kind, got another; use /api/v1/predict")
    desk = await _desk(artifact, ctx)
    answer = await desk.ask(request.text)
    if "error" in answer:
        raise NotRetryable(f"the model has no answer: {answer['error']}")
    return answer | {"model": f"{artifact.name}@{artifact.version}", "model_id": artifact.id}


async def _desk(artifact: Artifact, ctx: AsyncContext) -> Desk:
    async with _loading:
        if artifact.id not in _desks:
            own = kind_of(artifact, ctx)
            _desks[artifact.id] = Desk(own, await asyncio.to_thread(load_own, artifact, own))
            if len(_desks) > _MOST_LOADED:
                _desks.popitem(last=False)
        _desks.move_to_end(artifact.id)
        return _desks[artifact.id]
