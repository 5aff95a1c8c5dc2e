"""PostgreSQL's errors as ours."""

from typing import Final

import psycopg
import sqlalchemy as sa

from headway.errors import GaveWay, InvalidInput, StoreUnavailable, StoreUnusable
from headway.masking import masked_url

_READ_ONLY: Final = "25006"
_PAST_A_LIMIT: Final = "54"
"""The class of what no database of this server can hold: 256 MiB in one JSON value, a key of more
than a third of a page. psycopg counts it to the errors that pass."""
_GAVE_WAY: Final = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


def mapped(error: Exception) -> Exception:
    """The driver's error as ours; as it is where it tells of a mistake of ours."""
    cause: Exception = getattr(error, "orig", None) or error
    first = str(cause).partition("\n")[0]
    if isinstance(cause, _GAVE_WAY):
        return GaveWay(f"the transaction had to give way to others ({first}); try again")
    state = getattr(cause, "sqlstate", None) or ""
    if state.startswith(_PAST_A_LIMIT):
        return InvalidInput(
            f"expected what PostgreSQL can hold, got more ({first}); make it smaller, or keep it in"
            " a file"
        )
    passing = isinstance(
        cause, (psycopg.OperationalError, psycopg.InterfaceError, sa.exc.TimeoutError)
    )
    if passing or state == _READ_ONLY:
        text = " ".join(str(cause).split())
        return StoreUnavailable(f"the database cannot be used right now ({text}); try again")
    return cause


def refused(address: sa.URL, error: Exception) -> Exception:
    """What an error while opening is told as."""
    cause = getattr(error, "orig", None) or error
    text = " ".join(str(cause).split())
    where = masked_url(address.render_as_string(hide_password=False))
    if any(
        sign in text for sign in ("authentication failed", "does not exist", "permission denied")
    ):
        return StoreUnusable(
            f"expected to use {where}, got: {text}; check its name, the user and the rights"
        )
    return StoreUnavailable(f"expected an answer from {where}, got: {text}; try again")
