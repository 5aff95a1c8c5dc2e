"""The same stream as others serve it: events that arrive on one topic, to all who listen.

`POST /publish?n=` makes so many events, as fast as listeners take them.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import EventSourceResponse as StarletteEvents

app = FastAPI()
listeners: set[asyncio.Queue[dict[str, object]]] = set()


async def _events() -> AsyncIterator[dict[str, object]]:
    queue: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    listeners.add(queue)
    try:
        while True:
            yield await queue.get()
    finally:
        listeners.discard(queue)


@app.get("/fastapi", response_class=EventSourceResponse)
async def by_fastapi() -> AsyncIterator[ServerSentEvent]:
    async for event in _events():
        yield ServerSentEvent(data=event, event="metric", id=str(event["step"]))


@app.get("/sse-starlette")
async def by_sse_starlette() -> StarletteEvents:
    async def told() -> AsyncIterator[dict[str, str]]:
        async for event in _events():
            yield {"data": json.dumps(event), "event": "metric", "id": str(event["step"])}

    return StarletteEvents(told())


@app.post("/publish")
async def publish(n: int, pace: float = 0.0) -> None:
    """Make `n` events, one every `pace` seconds; each says when it was made."""
    for step in range(n):
        event: dict[str, object] = {"step": step, "values": {"sent": time.time()}}
        for queue in listeners:
            queue.put_nowait(event)
        await asyncio.sleep(pace)
