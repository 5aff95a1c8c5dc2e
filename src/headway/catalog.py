"""The one door to data sets, models and files: who may see one, and who may change what it is called."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256 as sha256_of
from typing import Final

import orjson

from headway.artifacts import BUNDLED, BUNDLED_DATASET, BUNDLED_PREFIX
from headway.errors import (
    Conflict,
    InvalidInput,
    NotAuthorized,
    NotFound,
    UnknownArtifact,
    UserLimit,
)
from headway.named_columns import check_columns
from headway.operation import Operation
from headway.store.contract import Store
from headway.store.values.artifacts import Alias, AliasMove, AliasName, StoredArtifact
from headway.store.values.lineage import Lineage
from headway.verdict import Publication

_ALIAS: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""With a letter in it, since a number after the @ is a version."""


class Catalog:
    """Finds, shares, names and deletes artefacts. Who asks is always said."""

    def __init__(self, store: Store, *, most_bytes: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._artifacts = store.artifacts
        self._aliases = store.aliases

    def add_file(self, owner: str, name: str, path: str, sha256: str, size: int) -> StoredArtifact:
        """Make an uploaded file known. The same content under the same name is the same file."""
        identity = sha256_of(f"{owner}\0{name}\0{sha256}".encode()).hexdigest()
        file_id = f"file-{identity[:32]}"
        known = self._artifacts.get(file_id)
        if known is None:
            self.check_room(owner, size)
        return known or self._artifacts.add(
            owner,
            Publication(
                id=file_id, kind="file", name=name, path=path, sha256=sha256, size=size, meta={}
            ),
        )

    def check_room(self, owner: str, more: int) -> None:
        """Raise `UserLimit` if so many bytes more would be too much of one user."""
        most = self._most_bytes
        if most is not None and (there := self._artifacts.bytes_of(owner)) + more > most:
            raise UserLimit(
                f"expected at most {most} bytes of files, data sets and models of one user"
                f" (HEADWAY_MAX_STORED_MB_PER_USER), got {more} beside the {there} there are;"
                " delete some",
                code="too_many_bytes",
                limit=most,
                current=there,
                retry_after=60,
            )

    def find(
        self,
        reader: str,
        kind: str,
        *,
        name: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[StoredArtifact]:
        """The reader's artefacts of a kind and those that others share, newest first."""
        return self._artifacts.find(reader, kind, name=name, before=before, limit=limit)

    def meant(self, owner: str, kind: str, reference: str) -> StoredArtifact | str:
        """What the owner means by a reference; the id alone where it comes with the package."""
        found = self._artifacts.resolve(owner, kind, reference)
        if found is not None:
            return found
        if reference.removeprefix(BUNDLED_PREFIX) in BUNDLED[kind]:
            return BUNDLED_PREFIX + reference.removeprefix(BUNDLED_PREFIX)
        raise UnknownArtifact(
            f"expected the name of a {kind} of yours or one of"
            f" {', '.join(sorted(BUNDLED[kind])) or 'none that is bundled'}, got: {reference[:80]!r}"
        )

    def pins(self, owner: str, operation: Operation, body: bytes) -> dict[str, str]:
        """The artefacts a job with this input will use, by field: a new version made later changes
        nothing. Raise `InvalidInput` for what they are known not to have."""
        if not operation.references:
            return {}
        values = orjson.loads(body)
        pins, metas = {}, {}
        for name, kind in operation.references.items():
            told_as = operation.input.model_fields[name].serialization_alias or name
            if values.get(told_as) is None:
                continue
            try:
                found = self.meant(owner, kind, values[told_as])
            except UnknownArtifact as error:
                raise UnknownArtifact(str(error), pointer=f"/input/{told_as}") from None
            pins[name] = found if isinstance(found, str) else found.id
            if kind == "dataset":
                metas[name] = BUNDLED_DATASET if isinstance(found, str) else found.meta
        check_columns(operation.input, values, metas)
        return pins

    def one(self, reader: str, kind: str, reference: str) -> StoredArtifact | str:
        """As `meant`, where the reference is an address: what it does not lead to is `NotFound`."""
        try:
            return self.meant(reader, kind, reference)
        except UnknownArtifact as error:
            raise NotFound(str(error)) from None

    def versions(
        self, reader: str, of: StoredArtifact, *, before: int | None = None, limit: int = 100
    ) -> list[StoredArtifact]:
        """The versions of an artefact's name that the reader may see, newest first."""
        return self._artifacts.find(
            reader, of.kind, owner=of.owner, name=of.name, before=before, limit=limit
        )

    def sources(self, of: StoredArtifact) -> Mapping[str, StoredArtifact | None]:
        """What the job that made it read, by id; None for what is bundled or known no more."""
        near = self._artifacts.lineage(of.id, most=1)
        return {id: near.artifacts.get(id) for id, _ in near.used}

    def share(self, owner: str, kind: str, reference: str, *, shared: bool) -> StoredArtifact:
        """Let everybody see a version, or its owner alone."""
        own = self._own(owner, kind, reference)
        if not self._artifacts.share(own.id, shared=shared):
            raise NotFound(f"expected a {kind} that exists, got one that was just deleted")
        return self._own(owner, kind, own.id)

    def delete(self, owner: str, kind: str, reference: str) -> None:
        """Delete a version. Raise `Conflict` while an alias or an unfinished job needs it."""
        self._artifacts.delete(self._own(owner, kind, reference).id)

    def lineage(self, reader: str, kind: str, reference: str) -> tuple[StoredArtifact, Lineage]:
        """An artefact, with what it was made from and what came of it."""
        found = self.one(reader, kind, reference)
        if isinstance(found, str):
            raise NotFound(f"expected a {kind} that somebody made, got one that is bundled")
        return found, self._artifacts.lineage(found.id)

    def aliases(self, owner: str, kind: str, name: str) -> list[Alias]:
        """The aliases of a name of the owner's."""
        return self._aliases.of_name(owner, kind, name)

    def aliases_of(self, found: Sequence[StoredArtifact]) -> Mapping[str, Sequence[str]]:
        """The aliases that point to each of these, by id."""
        return self._aliases.of_artifacts([one.id for one in found])

    def moves(self, alias: AliasName, *, limit: int = 100) -> list[AliasMove]:
        """Where an alias pointed, newest first. Raise `NotFound` if there never was one."""
        moves = self._aliases.moves(alias, limit=limit)
        if not moves:
            raise NotFound(f"expected an alias of {alias.name}, got: {alias.alias[:80]!r}")
        return moves

    def points_to(self, alias: AliasName, *, expected: str | None = None) -> str | None:
        """The id of the version that an alias points to; None if there is no such alias.

        Raise `Conflict` if it is expected elsewhere than it is.
        """
        aliases = self._aliases.of_name(alias.owner, alias.kind, alias.name)
        found = next((one for one in aliases if one.alias == alias.alias), None)
        held = None if expected is None else self._version(alias, expected).id
        if held is not None and (found is None or found.artifact_id != held):
            here = "none" if found is None else f"version {found.version}"
            raise Conflict(
                f"expected {alias.alias!r} to point to the version you named, got {here}: somebody"
                " moved it; look at it again"
            )
        return None if found is None else found.artifact_id

    def point(self, alias: AliasName, reference: str, *, expected: str | None = None) -> Alias:
        """Move an alias to a version of its name, or make it there.

        Raise `Conflict` if it is expected elsewhere than it is.
        """
        _check_alias(alias.alias)
        target = self._version(alias, reference)
        held = None if expected is None else self._version(alias, expected).id
        return self._aliases.move(alias, target.id, expected=held)

    def roll_back(self, alias: AliasName, *, expected: str | None = None) -> Alias:
        """Move an alias to where it was before. See `Aliases.roll_back`."""
        held = None if expected is None else self._version(alias, expected).id
        return self._aliases.roll_back(alias, expected=held)

    def remove_alias(self, alias: AliasName) -> None:
        """Remove an alias. What it pointed to stays."""
        if not self._aliases.remove(alias):
            raise NotFound(f"expected an alias of {alias.name}, got: {alias.alias[:80]!r}")

    def _version(self, alias: AliasName, which: str) -> StoredArtifact:
        """The version of the alias's name with this number, alias or id."""
        found = self._artifacts.resolve(alias.owner, alias.kind, f"{alias.name}@{which}")
        found = found or self._artifacts.get(which)
        if found is None or (found.owner, found.kind, found.name) != (
            alias.owner,
            alias.kind,
            alias.name,
        ):
            raise UnknownArtifact(
                f"expected a version of {alias.name} of yours, by its number or its id,"
                f" got: {which[:80]!r}",
                pointer="/version",
            )
        return found

    def _own(self, owner: str, kind: str, reference: str) -> StoredArtifact:
        found = self.one(owner, kind, reference)
        if isinstance(found, str) or found.owner != owner:
            raise NotAuthorized("Not authorized")
        return found


def _check_alias(alias: str) -> None:
    if not _ALIAS.fullmatch(alias):
        raise InvalidInput(
            "expected an alias of letters, digits, dot, dash and underscore, with a letter in it,"
            f" at most 100 long, got: {alias[:120]!r}",
            pointer="/path/alias",
        )
