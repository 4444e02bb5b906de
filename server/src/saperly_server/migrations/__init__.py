"""Schema changes (Alembic) and the SQL functions and access rules that go with the current schema."""

from .run import current_revision, downgrade, head_revision, migrate, offline_sql

__all__ = ["current_revision", "downgrade", "head_revision", "migrate", "offline_sql"]
