"""`headway.testing`: what users hold their own operations to."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from headway.context import AsyncContext, Context, DatasetName
from headway.errors import HeadwayError, InvalidInput, NotRetryable
from headway.job import Json, Status
from headway.operation import operation
from headway.testing import run, run_async


class Steps(BaseModel):
    """How many steps to take, and what goes wrong."""

    model_config = ConfigDict(extra="forbid")

    steps: int = 3
    fail_at: int | None = None


@operation("climb", max_attempts=2)
def climb(request: Steps, ctx: Context) -> dict[str, Json]:
    """Take each step, and save it with the bytes of all steps so far."""
    done = ctx.resumed.state["done"] if ctx.resumed else 0
    trail = (ctx.resumed.blob() or b"") if ctx.resumed else b""
    ctx.expect_items(request.steps)
    for step in range(done + 1, request.steps + 1):
        if step == request.fail_at and ctx.attempt == 1:
            raise ValueError(f"step {step} is loose")
        trail += bytes([step])
        ctx.metric({"height": step / 2}, step=step)
        ctx.items([{"step": step, "error": "odd" if step % 2 else None}])
        ctx.progress(100 * step / request.steps, f"step {step}")
        ctx.checkpoint({"done": step}, trail)
    (ctx.scratch / "note").write_text("gone with the attempt")
    ctx.log("on top")
    return {"trail": list(trail), "began_at": done}


@operation("wade")
async def wade(request: Steps, ctx: AsyncContext) -> dict[str, Json]:
    """The same, for work that waits."""
    done = ctx.resumed.state["done"] if ctx.resumed else 0
    for step in range(done + 1, request.steps + 1):
        await asyncio.sleep(0)
        ctx.progress(100 * step / request.steps)
        await ctx.checkpoint({"done": step})
    return {"began_at": done}


def test_a_completed_job_has_its_result_and_all_that_was_said() -> None:
    ran = run(climb, {"steps": 3})
    assert ran.result == {"trail": [1, 2, 3], "began_at": 0}
    assert ran.job.status is Status.COMPLETED
    assert ran.metrics == [(1, {"height": 0.5}), (2, {"height": 1.0}), (3, {"height": 1.5})]
    assert ran.logs == ["on top"]
    assert [item["step"] for item in ran.items] == [1, 2, 3]
    assert (ran.job.counts.total, ran.job.counts.succeeded, ran.job.counts.failed) == (3, 1, 2)
    assert ran.progress[-1] == (100.0, "step 3")
    assert ran.checkpoints == [{"done": 1}, {"done": 2}, {"done": 3}]
    assert [one.data["status"] for one in ran.of_kind("status")] == [
        "pending", "running", "completed",
    ]  # fmt: skip


def test_an_interrupted_job_goes_on_from_the_checkpoint_it_was_stopped_at() -> None:
    first = run(climb, {"steps": 4}, interrupt_at=2)
    assert first.interrupted
    assert first.checkpoints == [{"done": 1}, {"done": 2}]
    assert [item["step"] for item in first.items] == [1, 2]
    second = first.resume()
    assert second.result == {"trail": [1, 2, 3, 4], "began_at": 2}
    assert second.job.resumed_from == {"checkpoint": 2, "done": 2}
    assert [item["step"] for item in second.items] == [1, 2, 3, 4]
    assert [step for step, _ in second.metrics] == [1, 2, 3, 4]
    assert (second.job.interruptions, second.job.attempt) == (1, 0)


def test_every_checkpoint_can_be_the_last_one_of_an_attempt() -> None:
    whole = run(climb, {"steps": 3})
    for number in (1, 2, 3):
        resumed = run(climb, {"steps": 3}, interrupt_at=number).resume()
        assert resumed.result["trail"] == whole.result["trail"]
        assert resumed.items == whole.items


def test_a_failure_keeps_the_error_and_the_job_is_tried_again() -> None:
    first = run(climb, {"steps": 3, "fail_at": 3})
    assert first.job.status is Status.PENDING
    assert isinstance(first.error, ValueError)
    assert first.job.attempt == 1
    with pytest.raises(HeadwayError, match="expected a completed job, got: pending") as caught:
        _ = first.result
    assert caught.value.__cause__ is first.error
    assert first.resume().result == {"trail": [1, 2, 3], "began_at": 2}


def test_a_cancelled_job_is_over() -> None:
    ran = run(climb, {"steps": 3}, cancel_at=2)
    assert ran.job.status is Status.CANCELLED
    assert ran.checkpoints == [{"done": 1}, {"done": 2}]
    with pytest.raises(HeadwayError, match="expected a job that waits for an attempt"):
        ran.resume()


def test_an_async_operation_runs_from_a_plain_test() -> None:
    first = run(wade, {"steps": 3}, interrupt_at=1)
    assert first.interrupted
    assert first.resume().result == {"began_at": 1}


async def test_an_async_operation_runs_on_the_loop_of_its_test() -> None:
    first = await run_async(wade, Steps(steps=2), interrupt_at=1)
    assert (await first.resume_async()).result == {"began_at": 1}


def test_a_request_that_cannot_be_a_job_is_refused() -> None:
    with pytest.raises(InvalidInput, match="/steps"):
        run(climb, {"steps": "many"})


@operation("unkeepable")
def unkeepable(request: Steps, ctx: Context) -> Json:
    """Return what no database can keep."""
    return {1, 2}


def test_a_result_that_json_cannot_hold_fails_the_job() -> None:
    ran = run(unkeepable)
    assert ran.job.status is Status.FAILED
    assert isinstance(ran.error, NotRetryable)


class Sum(BaseModel):
    """Which numbers to add up."""

    numbers: DatasetName


@operation("add_up")
def add_up(request: Sum, ctx: Context) -> dict[str, Json]:
    """Read the data set that the request names, and publish a smaller one."""
    found = ctx.artifact("numbers")
    assert found is not None
    total = sum(json.loads(found.path.read_text()))
    file = ctx.scratch / "total.json"
    file.write_text(json.dumps(total))
    ctx.publish("dataset", "total", file, meta={"rows": 1})
    return {"total": total, "of": found.name}


def test_artefacts_go_in_and_come_out(tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    file.write_text("[1, 2, 3]")
    ran = run(add_up, {"numbers": "small"}, artifacts={"small": file})
    assert ran.result == {"total": 6, "of": "small"}
    (made,) = ran.published
    assert (made.kind, made.name, made.path.read_text()) == ("dataset", "total", "6")
    assert made.meta["rows"] == 1


def test_nothing_is_left_when_the_trial_is_forgotten() -> None:
    ran = run(climb, {"steps": 1})
    folder = ran.site.data_dir
    assert folder.is_dir()
    del ran
    assert not folder.exists()
