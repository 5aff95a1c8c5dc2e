"""Operations of your own: start with `HEADWAY_OPERATIONS=app.operations` and submit them as jobs.

POST /api/v1/jobs {"job_type": "word_count", "input": {"texts": ["to be or not to be"]}}
"""

from collections import Counter

from pydantic import BaseModel, ConfigDict, Field

from headway.context import AsyncContext, Context
from headway.job import Json
from headway.operation import operation


class WordCount(BaseModel):
    """Which texts to count the words of."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str] = Field(min_length=1, max_length=100_000)
    most: int = Field(default=10, ge=1, le=1000)


@operation("word_count")
def word_count(request: WordCount, ctx: Context) -> dict[str, Json]:
    """Count the words of many texts. A `def` runs in a process of its own."""
    words: Counter[str] = Counter()
    for text in ctx.track(request.texts, message="counting"):
        words.update(text.lower().split())
    return {"words": dict(words.most_common(request.most)), "distinct": len(words)}


class Greeting(BaseModel):
    """Whom to greet."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="world", max_length=200)


@operation("greet")
async def greet(request: Greeting, ctx: AsyncContext) -> dict[str, Json]:
    """Greet somebody. An `async def` shares one process with hundreds of others."""
    ctx.log(f"greeting {request.name}")
    return {"greeting": f"Hello, {request.name}!"}
