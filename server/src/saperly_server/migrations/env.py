"""Alembic's entry: runs the migrations on the connection that `migrations.run` hands over, or prints them as SQL."""

from __future__ import annotations

from alembic import context

from saperly_server.tables import metadata

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
else:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transaction_per_migration=True,
    )

with context.begin_transaction():
    context.run_migrations()
