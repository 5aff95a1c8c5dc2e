"""Calls to an external API that is slow and sometimes busy: many at a time, each answer kept as soon as
it is there, and none asked for twice after a restart.

HEADWAY_OPERATIONS=slow_api headway serve
headway submit translate --json '{"url": "https://api.example.com/translate", "texts": ["Hello"]}'
"""

import asyncio

import httpx2
from pydantic import BaseModel, Field

from headway import AsyncContext, OperationFailed, operation


class Translation(BaseModel):
    """What to translate, and where to ask."""

    url: str = Field(pattern="^https?://")
    texts: list[str] = Field(min_length=1, max_length=100_000)
    at_once: int = Field(default=8, ge=1, le=100)


@operation("translate", max_attempts=10)
async def translate(request: Translation, ctx: AsyncContext) -> dict[str, int]:
    """Ask for each text. An `async def` waits beside hundreds of others in one process."""
    done = ctx.resumed.state["done"] if ctx.resumed else 0
    ctx.expect_items(len(request.texts))
    async with httpx2.AsyncClient(timeout=60) as client:
        while done < len(request.texts):
            texts = request.texts[done : done + request.at_once]
            answers = await asyncio.gather(*(ask(client, request.url, text) for text in texts))
            ctx.items([{"text": text, "answer": a} for text, a in zip(texts, answers, strict=True)])
            done += len(texts)
            ctx.progress(100 * done / len(request.texts), f"{done} of {len(request.texts)}")
            await ctx.checkpoint({"done": done})
    return {"translated": done}


async def ask(client: httpx2.AsyncClient, url: str, text: str) -> str:
    """One answer. A busy or absent service fails the attempt; the next one goes on from here."""
    try:
        answer = await client.post(url, json={"text": text})
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise OperationFailed(f"expected an answer from {url}, got: {error}") from error
    return str(answer.json()["text"])
