"""One large sum on every core of every worker: how many primes there are in a range, and the last of them.

HEADWAY_OPERATIONS=primes headway serve
"""

from math import isqrt

from pydantic import BaseModel, Field, model_validator

from headway import Context, operation

BLOCK = 200_000
SHARD = 2_000_000
MOST = 200


class Range(BaseModel):
    """From `first` on, and below `below`."""

    first: int = Field(default=0, ge=0)
    below: int = Field(le=10_000_000_000)

    @model_validator(mode="after")
    def _ascends(self) -> "Range":
        if self.below <= self.first:
            raise ValueError(f"expected below to be more than first, got: {self.below}")
        return self


def split(request: Range, _ctx: Context) -> list[Range]:
    """Ranges that a core is busy with for a second; a short one stays whole."""
    numbers = request.below - request.first
    if numbers < 2 * SHARD:
        return []
    each = max(SHARD, -(-numbers // MOST))
    return [
        Range(first=first, below=min(first + each, request.below))
        for first in range(request.first, request.below, each)
    ]


def merge(_request: Range, results: list[dict[str, int]], _ctx: Context) -> dict[str, int]:
    """The shards' numbers, added up."""
    return {
        "primes": sum(one["primes"] for one in results),
        "last": max(one["last"] for one in results),
    }


@operation("count_primes", timeout=3600, split=split, merge=merge)
def count_primes(request: Range, ctx: Context) -> dict[str, int]:
    """Sieve block by block, with a checkpoint after each: for the whole range, or for a shard."""
    state = ctx.resumed.state if ctx.resumed else {"next": request.first, "primes": 0, "last": 0}
    primes, last = state["primes"], state["last"]
    small = _sieved(0, isqrt(request.below) + 1, [])
    for first in range(state["next"], request.below, BLOCK):
        end = min(first + BLOCK, request.below)
        found = _sieved(first, end, small)
        primes, last = primes + len(found), max([last, *found[-1:]])
        ctx.checkpoint({"next": end, "primes": primes, "last": last})
        ctx.progress(100 * (end - request.first) / (request.below - request.first))
    return {"primes": primes, "last": last}


def _sieved(first: int, end: int, small: list[int]) -> list[int]:
    """The primes of a block, struck out by those up to its root (found here when not given)."""
    is_prime = bytearray([1]) * (end - first)
    for number in range(first, min(2, end)):
        is_prime[number - first] = 0
    for divisor in small or range(2, isqrt(max(0, end - 1)) + 1):
        start = max(divisor * divisor, -(-first // divisor) * divisor) - first
        if start < len(is_prime):
            is_prime[start::divisor] = bytes(len(range(start, len(is_prime), divisor)))
    return [first + place for place, prime in enumerate(is_prime) if prime]
