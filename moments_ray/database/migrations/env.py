"""Run by alembic: binds the migrations to the connection that ``schema.py`` opened."""

from __future__ import annotations

from alembic import context

from moments_ray.database.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
