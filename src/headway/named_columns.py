"""The fields of an operation's input that name columns of a data set, checked before the job is made
against what was told of the data set when it was."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from headway.context import ColumnOf
from headway.errors import InvalidInput
from headway.job import Json

_SHOWN: Final = 20


def check_columns(
    model: type[BaseModel], values: Mapping[str, Json], metas: Mapping[str, Mapping[str, Json]]
) -> None:
    """Raise `InvalidInput` for a column that the data set does not have, or has and cannot be meant.

    `values` is the input, `metas` what is known of the data sets in its fields."""
    for name, info in model.model_fields.items():
        for mark in info.metadata:
            if isinstance(mark, ColumnOf) and "columns" in metas.get(mark.field, {}):
                told_as = info.serialization_alias or name
                _check(mark, values.get(told_as), metas[mark.field], f"/input/{told_as}")


def _check(mark: ColumnOf, wanted: str | None, meta: Mapping[str, Json], pointer: str) -> None:
    names = [one["name"] for one in meta["columns"]]
    name = wanted
    if name is None and mark.guessed is not None:
        name = meta.get(f"{mark.guessed}_column")
        if name is None:
            raise InvalidInput(_missing(mark, names, "none that looks like it"), pointer=pointer)
    if name is None:
        return
    if name not in names:
        raise InvalidInput(_missing(mark, names, repr(name[:80])), pointer=pointer)
    column = meta["columns"][names.index(name)]
    if column.get("distinct_exact") and column["distinct"] < mark.least:
        raise InvalidInput(
            f"expected at least {mark.least} different values in the {mark.guessed} column, got"
            f" {column['distinct']} in {name!r}; name another column, or choose another data set",
            pointer=pointer,
        )


def _missing(mark: ColumnOf, names: list[str], got: str) -> str:
    return (
        f"expected a {mark.guessed or 'named'} column among"
        f" {', '.join(map(repr, names[:_SHOWN]))}, got: {got}; name one in the request"
    )
