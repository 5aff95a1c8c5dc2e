"""The steps that look at one row alone, as functions from (text, label) to the new ones or None."""

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from html import unescape
from typing import Final

from headway.operations.requests.preprocess import (
    DropEmpty,
    FilterLabels,
    FilterLength,
    LowerCase,
    MapLabels,
    Normalise,
    Step,
    StripHtml,
)

Value = str | None
RowStep = Callable[[Value, Value], tuple[Value, Value] | None]
"""None drops the row."""

_MARKUP: Final = re.compile(r"<(?:/?([A-Za-z][A-Za-z0-9:-]*)|[!?])")
_HIDDEN: Final = {
    name: re.compile(f"</{name}[^<>]*>", re.IGNORECASE) for name in ("script", "style")
}
"""Elements whose content is no text."""


def row_step(step: Step, *, labelled: bool) -> RowStep | None:
    """What a step does to one row; None for a step that needs to know the other rows."""
    match step:
        case Normalise():
            return partial(_normalised, step)
        case LowerCase():
            return lambda text, label: (text if text is None else text.lower(), label)
        case StripHtml():
            return lambda text, label: (text if text is None else strip_html(text), label)
        case DropEmpty():
            return partial(_unless_empty, labelled and step.label)
        case FilterLength():
            return partial(_if_of_length, step)
        case FilterLabels():
            return partial(_if_labelled, step, frozenset(step.keep or step.drop or ()))
        case MapLabels():
            return partial(_relabelled, step)
        case _:
            return None


def strip_html(text: str) -> str:
    """The text without markup, entities resolved; in time proportional to its length. Markup that
    never ends, and a `<` that begins none, stay as they are."""
    pieces: list[str] = []
    at = 0
    unclosed: set[str] = set()
    for found in _MARKUP.finditer(text):
        if found.start() < at:
            continue  # inside of what was taken out
        end = _end_of(text, found, unclosed)
        if end is not None:
            pieces += (text[at : found.start()], " ")
            at = end
    return unescape("".join((*pieces, text[at:])))


def _end_of(text: str, found: re.Match[str], unclosed: set[str]) -> int | None:
    """Where the markup that begins here ends. What was once sought in vain is not sought again:
    there is none further on, and looking each time would take quadratic time."""
    if text.startswith("<!--", found.start()):
        return _after(text, "-->", found.start() + 4, unclosed)
    end = _after(text, ">", found.end(), unclosed)
    name = (found[1] or "").lower()
    if end is None or name not in _HIDDEN or text[found.start() + 1] == "/" or name in unclosed:
        return end
    closing = _HIDDEN[name].search(text, end)
    if closing is None:
        unclosed.add(name)
        return end
    return closing.end()


def _after(text: str, mark: str, start: int, unclosed: set[str]) -> int | None:
    at = -1 if mark in unclosed else text.find(mark, start)
    if at < 0:
        unclosed.add(mark)
        return None
    return at + len(mark)


def _normalised(step: Normalise, text: Value, label: Value) -> tuple[Value, Value]:
    if text is not None:
        text = unicodedata.normalize(step.form, text)
        if step.white_space:
            text = " ".join(text.split())
    return text, label


def _unless_empty(needs_label: bool, text: Value, label: Value) -> tuple[Value, Value] | None:
    if text is None or not text.strip() or (needs_label and label is None):
        return None
    return text, label


def _if_of_length(step: FilterLength, text: Value, label: Value) -> tuple[Value, Value] | None:
    length = len(text or "") if step.unit == "characters" else len((text or "").split())
    if length < step.least or (step.most is not None and length > step.most):
        return None
    return text, label


def _if_labelled(
    step: FilterLabels, named: frozenset[str], text: Value, label: Value
) -> tuple[Value, Value] | None:
    return (text, label) if (label in named) == (step.keep is not None) else None


def _relabelled(step: MapLabels, text: Value, label: Value) -> tuple[Value, Value] | None:
    if label in step.labels:
        return text, step.labels[label]
    return (text, label) if step.others == "keep" else None
