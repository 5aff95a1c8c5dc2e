"""What the store promises about names that move."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from headway.store.values.artifacts import Alias, AliasMove, AliasName


class Aliases(Protocol):
    """Names that move from version to version, and every move they made."""

    def move(self, alias: AliasName, artifact_id: str, *, expected: str | None = None) -> Alias:
        """Point the alias to this version of its name.

        Raise `Conflict`, and change nothing, if an `expected` artefact is given and it pointed to
        another; `NotFound` if there is no such version.
        """

    def roll_back(self, alias: AliasName, *, expected: str | None = None) -> Alias:
        """Point the alias to where it pointed before; done again, to where it pointed before that.

        Versions deleted meanwhile are passed over. Raise `Conflict` when nothing is left, or when
        it points to another than `expected`; `NotFound` if there is no such alias.
        """

    def remove(self, alias: AliasName) -> bool:
        """Remove the alias; False if there is none. Its moves stay."""

    def of_name(self, owner: str, kind: str, name: str) -> list[Alias]:
        """The aliases of a name."""

    def of_artifacts(self, artifact_ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """The aliases that point to each of these."""

    def moves(self, alias: AliasName, *, limit: int = 100) -> list[AliasMove]:
        """Where the alias pointed, newest first; where it points now is the first."""
