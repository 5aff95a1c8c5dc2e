"""Whom to tell of the end of jobs, and what was sent."""

import sqlalchemy as sa

from headway.store.tables.schema import KEY, metadata, required

# Whom to tell of a job's end, where it was said with the job.
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("job", KEY, primary_key=True),
    required("targets", sa.Text()),
)

# Whom else, and what signs what they get.
contacts = sa.Table(
    "contacts",
    metadata,
    sa.Column("owner", sa.Text(), primary_key=True),
    sa.Column("targets", sa.Text()),
    required("secret", sa.Text()),
    sa.Column("former", sa.Text()),
    required("changed_at", sa.Double()),
)

# Which job a delivery, a job itself, tells of, by its public id.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("job", KEY, primary_key=True),
    required("about", sa.Text()),
    required("target", sa.Text()),
)
sa.Index("ix_deliveries_about", deliveries.c.about)
