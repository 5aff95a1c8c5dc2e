"""The tables, as the newest migration leaves them: all of them are in `metadata`."""

from headway.store.tables import artifacts, attempts, jobs, notices, slots, users
from headway.store.tables.schema import metadata

__all__ = ["artifacts", "attempts", "jobs", "metadata", "notices", "slots", "users"]
