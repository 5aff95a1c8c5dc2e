"""Whether a database is whole: its pages, its rows, and the files that its rows name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headway.store.burial import OF_JOBS
from headway.store.migrate import HEAD
from headway.store.sqlite import FILE_NAME
from headway.store.sqlite_file import open_file
from headway.store.states import UNFINISHED


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and what to do about it."""

    what: str
    remedy: str


def check(directory: Path, root: Path) -> list[Finding]:
    """All that is wrong with a data directory's database and its files below `root`.

    The service may go on meanwhile; nothing is changed.
    """
    with open_file(directory / FILE_NAME) as database:
        findings = [*_damages(database), *_schema(database)]
        if not findings:  # else the rows may not be what the statements below expect
            findings = [*_stray_rows(database), *_stray_files(database, root)]
    return findings


def schema_of(directory: Path) -> str | None:
    """The schema's version in an existing database; None when it has no tables yet."""
    with open_file(directory / FILE_NAME) as database:
        return _version(database)


def _damages(database: Any) -> Iterator[Finding]:
    for (found,) in database.execute("PRAGMA integrity_check(20)"):
        if found != "ok":
            yield Finding(
                f"the database is damaged: {found}",
                "stop the service and restore a backup; then look for a failing disk",
            )


def _schema(database: Any) -> Iterator[Finding]:
    version = _version(database)
    if version is None or version < HEAD:
        yield Finding(
            f"the schema is {version or 'not there'}, this program's is {HEAD}",
            "run: headway db upgrade",
        )
    elif version > HEAD:
        yield Finding(
            f"the schema is {version}, newer than this program's {HEAD}",
            "use the version of Headway that made it",
        )


def _version(database: Any) -> str | None:
    named = "SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'"
    if database.execute(named).fetchone() is None:
        return None
    row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


_WRONG_LOADS: Final = (
    "FROM (SELECT owner, count(*) AS unfinished, sum(CASE WHEN status = 'running' OR waiting_for IS"
    " NULL THEN 1 ELSE 0 END) AS active FROM jobs WHERE status IN ('pending', 'running')"
    " AND parent IS NULL GROUP BY owner) AS real LEFT JOIN loads USING (owner)"
    " WHERE coalesce(loads.unfinished, 0) != real.unfinished"
    " OR coalesce(loads.active, 0) != real.active"
)
_UNFINISHED_SHARDS: Final = f"SELECT parent FROM jobs WHERE parent IS NOT NULL AND {UNFINISHED}"  # nosec B608 - constants

_STRAYS: Final = (
    *(
        (
            f"FROM {table} WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE seq = {table}.job)",  # nosec B608 - names that stand in the code
            f"rows of {table} belong to no job",
            f"nobody reads them: after a backup, delete from {table} those whose job is not in jobs",  # nosec B608 - names that stand in the code
        )
        for table in OF_JOBS
    ),
    (
        "FROM jobs WHERE NOT EXISTS (SELECT 1 FROM inputs WHERE job = seq)",
        "jobs have no input and can never run",
        "cancel those that are pending, and submit them anew",
    ),
    (
        "FROM jobs WHERE status = 'running' AND worker NOT IN (SELECT id FROM workers)",
        "running jobs belong to a worker nobody knows, so no sweep gives them back",
        "cancel them, and retry them",
    ),
    (
        _WRONG_LOADS,
        "users have a load that is not the number of their jobs, so their limits are wrong",
        "stop everything, delete all rows of loads, and count them anew from jobs",
    ),
    (
        "FROM jobs WHERE parent IS NOT NULL AND parent NOT IN (SELECT id FROM jobs)",
        "shards belong to no job",
        "nobody asks for them: after a backup, delete them from jobs",
    ),
    (
        f"FROM jobs WHERE waiting_for = 'shards' AND id NOT IN ({_UNFINISHED_SHARDS})",
        "jobs wait for shards that have all ended, so nothing moves them on",
        "cancel them, and retry them: finished shards are kept",
    ),
    (
        "FROM aliases WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE seq = aliases.artifact)",
        "aliases point to no artefact",
        "publish under the alias again",
    ),
)
"""Rows that should not exist: each statement sees one moment, so a busy service does not matter."""


def _stray_rows(database: Any) -> Iterator[Finding]:
    for rows, what, remedy in _STRAYS:
        (count,) = database.execute(f"SELECT count(*) {rows}").fetchone()
        if count:
            yield Finding(f"{count} {what}", remedy)


_NAMED: Final = (
    "SELECT 'the artefact ' || name || '@' || version || ' of ' || owner, path, size FROM artifacts"
    " UNION ALL SELECT 'results of job ' || jobs.id, path, parts.size FROM parts"
    " JOIN jobs ON jobs.seq = parts.job"
    " UNION ALL SELECT 'a checkpoint of job ' || jobs.id, path, NULL FROM checkpoints"
    " JOIN jobs ON jobs.seq = checkpoints.job WHERE path IS NOT NULL AND jobs.status != 'completed'"
)


def _stray_files(database: Any, root: Path) -> Iterator[Finding]:
    wrong = _wrong_files(database, root)
    if wrong:  # what was just removed together with its row is no finding
        wrong &= _wrong_files(database, root)
    for what, path, state in sorted(wrong):
        yield Finding(
            f"the file of {what} is {state}: {root / path}",
            f"restore it from a copy of {root}, or run the job that made it again",
        )


def _wrong_files(database: Any, root: Path) -> set[tuple[str, str, str]]:
    return {
        (what, path, state)
        for what, path, size in database.execute(_NAMED)
        if (state := _state(root / path, size))
    }


def _state(path: Path, size: int | None) -> str:
    """What is wrong with a file; empty when nothing is."""
    try:
        found = path.stat().st_size
    except OSError:
        return "missing"
    return "" if size is None or found == size else f"of {found} bytes instead of {size}"
