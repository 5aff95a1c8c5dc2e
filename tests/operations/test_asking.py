"""One text for a model of the user's own: asked about with others, and never twice at a time."""

import asyncio
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from headway.artifacts import hash_file
from headway.context import Artifact, AsyncContext
from headway.errors import NotRetryable
from headway.operations.asking import Desk, Desks, ask_model
from headway.operations.requests.own import AskModel
from headway.own_model import OwnModel, model
from tests.operations.fake_context import FakeContext

SECONDS = 30


class Slow:
    """Answers when it is let go, and knows how many ask at a time."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.at_a_time = self.most_at_a_time = 0
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)

    def load(self, path: Path) -> "Slow":
        return self

    def predict(self, texts: list[str]) -> list[Any]:
        self.asked.append(texts)
        self.at_a_time += 1
        self.most_at_a_time = max(self.most_at_a_time, self.at_a_time)
        self.begun.release()
        assert self.let_go.acquire(timeout=SECONDS)
        self.at_a_time -= 1
        return [text.upper() for text in texts]


class Loading:
    """Takes its time to be loaded, or fails at it."""

    def __init__(self, fails: int = 0) -> None:
        self.loads = 0
        self._fails = fails
        self.begun, self.let_go = threading.Event(), threading.Event()

    def load(self, path: Path) -> "Loading":
        self.loads += 1
        self.begun.set()
        assert self.let_go.wait(SECONDS)
        if self.loads <= self._fails:
            raise ValueError("not today")
        return self

    def predict(self, texts: list[str]) -> list[Any]:
        return [text.upper() for text in texts]


def kind(own: Any, batch: int = 2) -> OwnModel:
    made: OwnModel = model("own", batch=batch, wait_ms=0)(own)
    return made


def opened(folder: Path, name: str, own: Any) -> tuple[Artifact, AsyncContext]:
    path = folder / name
    path.write_bytes(b"own")
    artifact = Artifact(
        id=name, kind="model", name=name, path=path, sha256=hash_file(path), meta={"format": "own"}
    )
    ctx = FakeContext(folder, {"model": artifact}, own_models={"own": kind(own)})
    return artifact, cast("AsyncContext", ctx)


def test_a_model_is_asked_once_at_a_time_also_when_whoever_asked_has_gone() -> None:
    async def ask_and_go() -> None:
        slow = Slow()
        desk = Desk(kind(slow), slow)
        first = asyncio.create_task(desk.ask("first"))
        assert await asyncio.to_thread(slow.begun.acquire, timeout=SECONDS)
        second = asyncio.create_task(desk.ask("second"))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        slow.let_go.release()
        slow.let_go.release()
        assert (await second)["prediction"] == "SECOND"
        assert slow.most_at_a_time == 1
        assert slow.asked == [["first"], ["second"]]

    asyncio.run(ask_and_go())


def test_who_has_gone_before_his_turn_is_not_asked_about() -> None:
    async def go_early() -> None:
        slow = Slow()
        desk = Desk(kind(slow), slow)
        first = asyncio.create_task(desk.ask("first"))
        assert await asyncio.to_thread(slow.begun.acquire, timeout=SECONDS)
        rest = [asyncio.create_task(desk.ask(text)) for text in ("gone", "a", "b", "c")]
        await asyncio.sleep(0)
        rest[0].cancel()
        for _ in range(3):
            slow.let_go.release()
        answers = await asyncio.gather(first, *rest[1:])
        assert [one["prediction"] for one in answers] == ["FIRST", "A", "B", "C"]
        assert slow.asked == [["first"], ["a", "b"], ["c"]]

    asyncio.run(go_early())


def test_a_model_that_is_there_answers_while_another_is_loaded(tmp_path: Path) -> None:
    async def ask_both() -> None:
        quick, slow = Loading(), Loading()
        quick.let_go.set()
        desks = Desks()
        loading = asyncio.create_task(desks.of(*opened(tmp_path, "slow", slow)))
        assert await asyncio.to_thread(slow.begun.wait, SECONDS)
        desk = await desks.of(*opened(tmp_path, "quick", quick))
        assert (await desk.ask("a"))["prediction"] == "A"
        again = asyncio.create_task(desks.of(*opened(tmp_path, "slow", slow)))
        loading.cancel()
        slow.let_go.set()
        assert (await (await again).ask("b"))["prediction"] == "B"
        assert (quick.loads, slow.loads) == (1, 1)

    asyncio.run(ask_both())


def test_a_model_that_could_not_be_loaded_is_loaded_again(tmp_path: Path) -> None:
    async def ask_twice() -> None:
        own, desks = Loading(fails=1), Desks()
        own.let_go.set()
        with pytest.raises(ValueError, match="not today"):
            await desks.of(*opened(tmp_path, "own", own))
        desk = await desks.of(*opened(tmp_path, "own", own))
        assert (await desk.ask("a"))["prediction"] == "A"

    asyncio.run(ask_twice())


def test_each_event_loop_of_a_process_can_ask(tmp_path: Path) -> None:
    """As tests of users do, who run an operation with `asyncio.run`."""
    own = Loading()
    own.let_go.set()
    _, ctx = opened(tmp_path, "own", own)
    for _ in range(2):
        answer = asyncio.run(ask_model(AskModel(model="own", text="a"), ctx))
        assert (answer["prediction"], answer["model_id"]) == ("A", "own")


def test_a_model_that_was_trained_here_is_not_asked_like_this(
    tmp_path: Path, default_model: Artifact
) -> None:
    ctx = cast("AsyncContext", FakeContext(tmp_path, {"model": default_model}))
    with pytest.raises(NotRetryable, match="use /api/v1/predict"):
        asyncio.run(ask_model(AskModel(model="default", text="a"), ctx))
