"""Our statements as psycopg takes them, and what PostgreSQL's text cannot hold."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson

from headway.store.database import Params, Row, Transaction
from headway.store.rows import dumps

_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z]\w*)")


@lru_cache(maxsize=1000)
def translated(sql: str) -> str:
    """The statement with `:name` as `%(name)s`."""
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))


def storable(params: Params) -> Params:
    """The parameters without the NUL that PostgreSQL's text refuses: U+FFFD stands in its place."""
    if not any(_has_nul(name, value) for name, value in params.items()):
        return params
    return {name: _without_nul(name, value) for name, value in params.items()}


def _has_nul(name: str, value: object) -> bool:
    return isinstance(value, str) and ("\0" in value or (name == "rows" and "\\u0000" in value))


def _without_nul(name: str, value: Any) -> Any:
    if not _has_nul(name, value):
        return value
    return dumps(_cleaned(orjson.loads(value))) if name == "rows" else value.replace("\0", "\ufffd")


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


class PostgresTransaction(Transaction):
    """Statements on one connection; what must come last waits for `finish`."""

    def __init__(self, cursor: Any, before_last: str) -> None:
        super().__init__(cursor)
        self._before_last = before_last
        self._last: list[tuple[str, Sequence[Params]]] = []

    def rows(self, sql: str, params: Params | None = None) -> list[Row]:
        """See `Transaction.rows`."""
        return super().rows(translated(sql), storable(params or {}))

    def rows_afresh(self, sql: str, params: Params | None = None) -> list[Row]:
        """See `Transaction.rows_afresh`. After five times psycopg has the server keep a plan, which
        the server makes for any parameters as soon as it seems as good for those of the last."""
        cursor = self._cursor.execute(translated(sql), storable(params or {}), prepare=False)
        rows: list[Row] = cursor.fetchall()
        return rows

    def row(self, sql: str, params: Params | None = None) -> Row | None:
        """See `Transaction.row`."""
        return super().row(translated(sql), storable(params or {}))

    def run(self, sql: str, params: Params | None = None) -> int:
        """See `Transaction.run`."""
        return super().run(translated(sql), storable(params or {}))

    def run_many(self, sql: str, rows: Sequence[Params]) -> None:
        """See `Transaction.run_many`. psycopg sends them all before it waits for an answer."""
        super().run_many(translated(sql), [storable(one) for one in rows])

    def run_last(self, sql: str, rows: Sequence[Params]) -> None:
        """See `Transaction.run_last`."""
        if rows:
            self._last.append((sql, rows))

    def finish(self) -> None:
        """Do what was to come last."""
        if self._last:
            self.run(self._before_last)
        for sql, rows in self._last:
            self.run_many(sql, rows)


def row_source(columns: Mapping[str, str]) -> str:
    """See `Database.rows_of`."""
    fields = ", ".join(
        f"CAST(one.value ->> {i} AS {kind}) AS {name}"
        for i, (name, kind) in enumerate(columns.items())
    )
    return f"(SELECT {fields} FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS one (value))"  # nosec B608 - names that stand in the code
