"""What the store promises about requests that come again and make no job."""

from typing import Protocol

from headway.store.values.answers import KeptAnswer
from headway.store.values.submission import IdempotencyKey


class Answers(Protocol):
    """What was answered to requests that changed something else than jobs, by their keys."""

    def begin(self, owner: str, key: IdempotencyKey, *, patience: float) -> KeptAnswer | None:
        """The answer that was given under this key; None for whoever is to give it now.

        Raise `KeyReused` if the key came with another request, and `KeyInUse` while an earlier
        one, begun less than `patience` seconds ago, has no answer yet.
        """

    def keep(self, owner: str, key: IdempotencyKey, answer: KeptAnswer) -> None:
        """Answer so from now on."""

    def drop(self, owner: str, key: IdempotencyKey) -> None:
        """Forget the key: what was asked for was refused, and may be asked for again."""
