"""Data sets, models and files, the names that move between their versions, and who reads them."""

import sqlalchemy as sa

from headway.store.tables.schema import KEY, metadata, required

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("seq", KEY, primary_key=True),
    required("id", sa.Text()),
    required("kind", sa.Text()),
    required("owner", sa.Text()),
    required("name", sa.Text()),
    required("version", sa.Integer()),
    required("path", sa.Text()),
    required("sha256", sa.Text()),
    required("size", sa.BigInteger()),
    required("meta", sa.Text()),
    required("created_at", sa.Double()),
    sa.Column("job", sa.BigInteger()),
    sa.Column("made_by", sa.Text()),
    required("shared", sa.Boolean(), "false"),
    sa.Column("deleted_at", sa.Double()),
    sa.UniqueConstraint("id"),
    sa.UniqueConstraint("owner", "kind", "name", "version"),
)
sa.Index("ix_artifacts_owner_kind_seq", artifacts.c.owner, artifacts.c.kind, artifacts.c.seq)
sa.Index("ix_artifacts_job", artifacts.c.job)
sa.Index(
    "ix_artifacts_shared",
    artifacts.c.kind, artifacts.c.seq,
    sqlite_where=sa.text("shared"),
    postgresql_where=sa.text("shared"),
)  # fmt: skip

# Which jobs read which artefact, by its public id: those that come with the package have no row.
uses = sa.Table(
    "uses",
    metadata,
    sa.Column("artifact", sa.Text(), primary_key=True),
    sa.Column("job", sa.BigInteger(), primary_key=True),
    sqlite_with_rowid=False,
)
sa.Index("ix_uses_job", uses.c.job)

aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), primary_key=True),
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("alias", sa.Text(), primary_key=True),
    required("artifact", sa.BigInteger()),
    required("at", sa.Double()),
    sqlite_with_rowid=False,
)

# Every move an alias ever made; `back` is the move that a rollback leads to.
alias_moves = sa.Table(
    "alias_moves",
    metadata,
    sa.Column("seq", KEY, primary_key=True),
    required("owner", sa.Text()),
    required("kind", sa.Text()),
    required("name", sa.Text()),
    required("alias", sa.Text()),
    sa.Column("artifact", sa.BigInteger()),
    sa.Column("back", sa.BigInteger()),
    required("at", sa.Double()),
    sa.Column("made_by", sa.Text()),
)
sa.Index(
    "ix_alias_moves_owner_kind_name_alias_seq",
    alias_moves.c.owner, alias_moves.c.kind, alias_moves.c.name, alias_moves.c.alias,
    alias_moves.c.seq,
)  # fmt: skip
sa.Index("ix_aliases_artifact", aliases.c.artifact)
