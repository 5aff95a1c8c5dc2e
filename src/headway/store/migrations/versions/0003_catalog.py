"""What a catalogue needs: who sees an artefact, what read it, and where its aliases were."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("artifacts", sa.Column("made_by", sa.Text(), nullable=True))
    op.add_column(
        "artifacts",
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("artifacts", sa.Column("deleted_at", sa.Double(), nullable=True))
    op.create_index("ix_artifacts_owner_kind_seq", "artifacts", ["owner", "kind", "seq"])
    op.create_index("ix_artifacts_job", "artifacts", ["job"])
    op.create_index(
        "ix_artifacts_shared",
        "artifacts",
        ["kind", "seq"],
        sqlite_where=sa.text("shared"),
        postgresql_where=sa.text("shared"),
    )
    op.create_table(
        "uses",
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("job", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("artifact", "job", name=op.f("pk_uses")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_uses_job", "uses", ["job"])
    op.create_table(
        "alias_moves",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("artifact", sa.BigInteger(), nullable=True),
        sa.Column("back", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_alias_moves")),
    )
    op.create_index(
        "ix_alias_moves_owner_kind_name_alias_seq",
        "alias_moves",
        ["owner", "kind", "name", "alias", "seq"],
    )
    op.create_index("ix_aliases_artifact", "aliases", ["artifact"])
    _fill()


def _fill() -> None:
    """Say of what is there already what its rows say."""
    bind = op.get_bind()
    op.execute(
        "UPDATE artifacts SET made_by = (SELECT jobs.id FROM jobs WHERE jobs.seq = artifacts.job)"
    )
    op.execute(
        "INSERT INTO alias_moves (owner, kind, name, alias, artifact, at)"
        " SELECT owner, kind, name, alias, artifact, at FROM aliases"
    )
    jobs = bind.execute(sa.text("SELECT seq, uses FROM jobs WHERE uses IS NOT NULL"))
    pairs = [
        {"artifact": artifact, "job": seq}
        for seq, uses in jobs.all()
        for artifact in sorted(set(json.loads(uses).values()))
    ]
    if pairs:
        bind.execute(sa.text("INSERT INTO uses (artifact, job) VALUES (:artifact, :job)"), pairs)
