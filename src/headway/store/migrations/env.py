"""Runs by Alembic inside the transaction that `headway.store.migrate` opened."""

from alembic import context

from headway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds it all
)
context.run_migrations()
