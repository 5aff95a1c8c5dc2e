"""Who may call, by what, and how often it was tried."""

import sqlalchemy as sa

from headway.store.tables.schema import metadata, required

users = sa.Table(
    "users",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    required("password_hash", sa.Text()),
    required("disabled", sa.Boolean(), "false"),
    required("created_at", sa.Double()),
    required("role", sa.Text(), "'user'"),
    required("demo", sa.Boolean(), "false"),
    required("generation", sa.BigInteger(), "0"),
    sqlite_with_rowid=False,
)

# Tokens that somebody signed out of before they expired: a token carries all else that is known
# of it, so only these need a row.
ended_tokens = sa.Table(
    "ended_tokens",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    required("expires_at", sa.Double()),
    sqlite_with_rowid=False,
)

# A key is known by its hash: whoever reads the table cannot use one.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text(), primary_key=True),
    required("digest", sa.Text()),
    required("owner", sa.Text()),
    required("name", sa.Text()),
    required("scopes", sa.Text()),
    required("created_at", sa.Double()),
    sa.Column("expires_at", sa.Double()),
    sa.Column("last_used_at", sa.Double()),
    sa.UniqueConstraint("digest"),
    sa.UniqueConstraint("owner", "name"),
    sqlite_with_rowid=False,
)

# Failed sign-ins by the minute, and places from which one succeeded. A subject is a hash.
sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column("minute", sa.BigInteger(), primary_key=True),
    sa.Column("subject", sa.Text(), primary_key=True),
    required("count", sa.BigInteger()),
    sqlite_with_rowid=False,
)
sa.Index("ix_sign_in_failures_subject", sign_in_failures.c.subject)

sign_in_places = sa.Table(
    "sign_in_places",
    metadata,
    sa.Column("subject", sa.Text(), primary_key=True),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)

# Beside `users`, because it changes with every request and has owners who cannot sign in.
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    required("count", sa.BigInteger()),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)
