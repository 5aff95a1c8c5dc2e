"""The fields of an operation's input that name artefacts."""

from collections.abc import Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from headway.context import Reference


def references_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The fields of an input that name artefacts, and the kind of each."""
    return {name: mark.kind for name, info in model.model_fields.items() for mark in _marks(info)}


def refuse_several(model: type[BaseModel]) -> None:
    """Raise `TypeError` for a field that names several artefacts: they would not be found."""
    for name, info in model.model_fields.items():
        if _mentions_mark(info.annotation) and not _marks(info):
            raise TypeError(
                f"expected the field {name!r} to name one artefact, got several in one:"
                f" {info.annotation}; only those that a field names itself are found and pinned"
            )


def _marks(info: Any) -> list[Reference]:
    """The marks of a field, also when it is optional and the mark sits on a member of the union."""
    marks = [mark for mark in info.metadata if isinstance(mark, Reference)]
    if get_origin(info.annotation) in (Union, UnionType):
        for member in get_args(info.annotation):
            marks += [m for m in getattr(member, "__metadata__", ()) if isinstance(m, Reference)]
    return marks


def _mentions_mark(annotation: Any) -> bool:
    """Whether a mark stands anywhere in a type, however deep."""
    marks = getattr(annotation, "__metadata__", ())
    return any(isinstance(mark, Reference) for mark in marks) or any(
        _mentions_mark(member) for member in get_args(annotation)
    )
