"""Options of the command line made from an operation's JSON Schema."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

Schema = Mapping[str, Any]

_SCALARS: Final[Mapping[str, Callable[[str], Any]]] = {
    "integer": int,
    "number": float,
    "string": str,
}


def add_schema(parser: argparse.ArgumentParser, schema: Schema) -> None:
    """An option for each field. None is required here: the service knows, and says it better."""
    group = parser.add_argument_group("input of the operation")
    for name, field in schema.get("properties", {}).items():
        how = _how(_resolved(field, schema), field)
        flag = name.replace("_", "-")
        try:
            group.add_argument(f"--{flag}", dest=f"input_{name}", **how)
        except argparse.ArgumentError:  # an option of the command's own has this name
            group.add_argument(f"--input-{flag}", dest=f"input_{name}", **how)


def input_of(given: argparse.Namespace) -> dict[str, Any]:
    """The fields that were given."""
    return {
        name.removeprefix("input_"): value
        for name, value in vars(given).items()
        if name.startswith("input_") and value is not None
    }


def _resolved(field: Schema, schema: Schema) -> Schema:
    """The field's own type: behind a reference, and of an optional one the type that is not null."""
    if "$ref" in field:
        return _resolved(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    for several in ("anyOf", "oneOf", "allOf"):
        members = [one for one in field.get(several, ()) if one.get("type") != "null"]
        if len(members) == 1:
            return _resolved(members[0], schema)
    return field


def _how(kind: Schema, field: Schema) -> dict[str, Any]:
    """What `add_argument` is told of a field."""
    told: dict[str, Any] = {"help": _help(kind, field), "default": None}
    if kind.get("type") == "boolean":
        return told | {"action": argparse.BooleanOptionalAction}
    if "enum" in kind and all(isinstance(one, str) for one in kind["enum"]):
        return told | {"choices": kind["enum"]}
    if kind.get("type") in _SCALARS:
        return told | {"type": _SCALARS[kind["type"]], "metavar": _word(kind["type"])}
    items = kind.get("items", {})
    if kind.get("type") == "array" and items.get("type") in _SCALARS:
        of = items["type"]
        return told | {"type": _SCALARS[of], "nargs": "+", "metavar": _word(of)}
    return told | {"type": _json, "metavar": "JSON"}


def _help(kind: Schema, field: Schema) -> str:
    said = field.get("description") or kind.get("description") or ""
    bounds = [
        f"{word} {kind[key]}"
        for key, word in (("minimum", "at least"), ("maximum", "at most"))
        if key in kind
    ]
    if field.get("default") is not None:
        bounds.append(f"default {json.dumps(field['default'])}")
    told = "; ".join(filter(None, [said, ", ".join(bounds)]))
    return told.replace("%", "%%")  # argparse fills in what stands behind a percent sign


def _word(kind: str) -> str:
    return {"integer": "N", "number": "X", "string": "TEXT"}[kind]


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"expected JSON, got {text[:40]!r}: {error}") from None


def rest_of(
    parser: argparse.ArgumentParser, schema: Schema, arguments: Sequence[str]
) -> dict[str, Any]:
    """The input that these arguments give; wrong ones end the program as argparse does."""
    add_schema(parser, schema)
    fields = input_of(parser.parse_args(arguments))
    try:
        orjson.dumps(fields)
    except TypeError as error:  # a number beyond 64 bits
        parser.error(f"expected what JSON can hold, got: {error}")
    return fields
