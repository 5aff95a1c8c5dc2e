"""The same verbs on an event loop."""

import asyncio
import inspect
from pathlib import Path

import pytest

from headway.client import AsyncClient, AsyncJobHandle, Client, JobHandle
from headway.client.errors import JobFailed, NotFound
from tests.client.service import Service
from tests.http.conftest import Gate


@pytest.mark.parametrize(("plain", "other"), [(Client, AsyncClient), (JobHandle, AsyncJobHandle)])
def test_both_have_the_same_verbs(plain: type, other: type) -> None:
    """With the same parameters; only what they return is awaited."""

    def verbs(kind: type) -> dict[str, list[str]]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(verb).parameters)
            for name, verb in found
            if not name.startswith("_")
        }

    assert verbs(plain) == verbs(other)
    documents = [
        inspect.getdoc(getattr(kind, name)) for kind in (plain, other) for name in verbs(kind)
    ]
    assert documents[: len(documents) // 2] == documents[len(documents) // 2 :]


async def test_the_main_verbs(service: Service, tmp_path: Path) -> None:
    async with service.async_client() as client:
        assert (await client.me()).username == "alice"
        await client.sign_out()
        assert (await client.predict("My invoice is wrong")).confidence
        job = await client.submit("nothing", {"note": "hello"})
        assert await job.result() == {"note": "hello"}
        assert job.id in [one.job_id async for one in client.jobs(job_type="nothing")]
        file = tmp_path / "few.csv"
        file.write_text("text,label\na,b\nc,d\n")
        assert (await (await client.import_csv(file, name="few")).result())["rows"] == 2
        stored = await client.upload(file)
        assert (await (await client.batch_predict(file=stored.id)).result())["predicted"] == 2
        with pytest.raises(JobFailed):
            await (await client.submit("fail")).result(60)
        with pytest.raises(NotFound):
            await client.job("nobody").cancel()


async def test_events_and_results_come_as_they_happen(service: Service, gate: Gate) -> None:
    """Many jobs are watched at once by one client."""
    gate.open(2)

    async def watched(client: AsyncClient) -> list[int]:
        job = await client.submit("steps", gate.input(2))
        events = [one async for one in job.events()]
        ids = [one.id for one in events if one.id is not None]
        assert ids == list(range(1, len(ids) + 1))
        assert events[-1].name == "complete"
        assert (await job.wait(progress=True)).progress == 100
        return [one["step"] async for one in job.results()]

    async with service.async_client() as client:
        assert await asyncio.gather(*(watched(client) for _ in range(5))) == [[1, 2]] * 5
