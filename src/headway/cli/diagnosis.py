"""What the doctor says about one thing."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is."""

    WELL = "well"
    NOTE = "note"
    """It works, and somebody should know."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How something is, and what to do if it is not well."""

    grade: Grade
    what: str
    remedy: str = ""


def well(what: str) -> Diagnosis:
    """Nothing needs to be done."""
    return Diagnosis(Grade.WELL, what)


def note(what: str, remedy: str) -> Diagnosis:
    """It works; this is what could be better."""
    return Diagnosis(Grade.NOTE, what, remedy)


def wrong(what: str, remedy: str) -> Diagnosis:
    """It does not work until somebody does something."""
    return Diagnosis(Grade.WRONG, what, remedy)
