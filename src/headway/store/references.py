"""What a user's words for a data set, a model or a file mean."""

from typing import Final

from headway.store.database import Row, Transaction
from headway.store.rows import ARTIFACT_COLUMNS, artifact_from_row
from headway.store.values.artifacts import StoredArtifact

PRESENT: Final = f"SELECT {ARTIFACT_COLUMNS} FROM artifacts WHERE deleted_at IS NULL"  # nosec B608 - constants

_LONGEST_VERSION: Final = 9
"""Digits; a longer number overflows the databases' integers, and no version is that high."""


def resolved(tx: Transaction, owner: str, kind: str, reference: str) -> StoredArtifact | None:
    """See `Artifacts.resolve`."""
    row = _own(tx, owner, kind, reference) or _shared(tx, owner, kind, reference)
    return None if row is None else artifact_from_row(row)


def _own(tx: Transaction, owner: str, kind: str, reference: str) -> Row | None:
    """What the user's own words mean: a name or an id, else the alias moved last."""
    name, _, which = reference.partition("@")
    if "@" in reference:
        return _version(tx, owner, kind, name, which, "") if which else None
    named = tx.row(
        f"{PRESENT} AND owner = :owner AND kind = :kind AND (id = :reference OR name = :reference)"
        " ORDER BY version DESC LIMIT 1",
        {"owner": owner, "kind": kind, "reference": reference},
    )
    return named or tx.row(
        f"{PRESENT} AND seq = (SELECT artifact FROM aliases WHERE owner = :owner"  # nosec B608 - constants
        " AND kind = :kind AND alias = :alias ORDER BY at DESC, artifact DESC LIMIT 1)",
        {"owner": owner, "kind": kind, "alias": reference},
    )


def _shared(tx: Transaction, reader: str, kind: str, reference: str) -> Row | None:
    """What somebody shares, by its id or as `owner:name`."""
    owner, colon, rest = reference.rpartition(":")
    if colon:
        name, at, which = rest.partition("@")
        if at and not which:
            return None
        visible = "" if owner == reader else " AND shared"
        return _version(tx, owner, kind, name, which, visible)
    return tx.row(
        f"{PRESENT} AND id = :id AND kind = :kind AND shared", {"id": reference, "kind": kind}
    )


def _version(
    tx: Transaction, owner: str, kind: str, name: str, which: str, visible: str
) -> Row | None:
    """The version of a name that its number or an alias says; without either the newest."""
    number = which if which.isascii() and which.isdigit() else None
    if number is not None and len(number) > _LONGEST_VERSION:
        return None
    if number is not None:
        condition = "version = :which"
    elif which:
        condition = (
            "seq = (SELECT artifact FROM aliases WHERE owner = :owner AND kind = :kind"
            " AND name = :name AND alias = :which)"
        )
    else:
        condition = "1 = 1"
    return tx.row(
        f"{PRESENT} AND owner = :owner AND kind = :kind AND name = :name AND {condition}{visible}"
        " ORDER BY version DESC LIMIT 1",
        {
            "owner": owner,
            "kind": kind,
            "name": name,
            "which": which if number is None else int(number),
        },
    )
