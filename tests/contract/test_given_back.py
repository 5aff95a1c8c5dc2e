"""A database that one test has given back is to the next what a new one is, or is nobody's."""

from contextlib import closing

import psycopg
import pytest

from headway.store.postgres import open_postgres
from tests.contract.acts import add, claim, complete
from tests.postgres import fresh_database

pytestmark = pytest.mark.service("postgres")

CHANGES = {
    "a table more": "CREATE TABLE more (one int)",
    "a table less": "DROP TABLE parts",
    "another name": "ALTER TABLE attempts RENAME TO lost",
    "a column more": "ALTER TABLE jobs ADD COLUMN odd int",
    "another version": "UPDATE alembic_version SET version_num = '9999'",
    "a setting": "DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',"
    " current_database()); END$$",
}


def look_of(url: str) -> tuple[object, object]:
    """How large each table and index is, and how far each sequence has counted."""
    with psycopg.connect(url) as connection:
        sizes = connection.execute(
            "SELECT relname, pg_relation_size(oid) FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
        ).fetchall()
        counts = connection.execute(
            "SELECT sequencename, last_value FROM pg_sequences ORDER BY sequencename"
        ).fetchall()
    return sizes, counts


def test_one_that_was_used_is_as_new() -> None:
    with fresh_database() as url:
        new = look_of(url)
        with closing(open_postgres(url)) as store:
            add(store)
            complete(store, claim(store), {"ok": True})
        assert look_of(url) != new
    with fresh_database() as again:
        assert again == url
        assert look_of(again) == new


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_one_that_was_changed_is_nobodys(change: str) -> None:
    with fresh_database() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(change)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
