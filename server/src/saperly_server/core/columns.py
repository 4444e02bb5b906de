"""Column shapes that every feature's tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP

Timestamp = TIMESTAMP(timezone=True)


def workspace_id() -> Column[str]:
    """Every tenant table's first key column: rows of one workspace lie together, and a shard can hold whole workspaces."""
    return Column("workspace_id", Text, primary_key=True)


def row_id(name: str = "id") -> Column[str]:
    return Column(name, Text, primary_key=True)


def environment() -> Column[str]:
    return Column("environment", Text, nullable=False)


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Timestamp, nullable=nullable)


def one_of(column: str, *values: str) -> CheckConstraint:
    """The column holds one of these words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=column)


def belongs_to(table: str, column: str) -> ForeignKeyConstraint:
    """`column` names a row of `table` in the same workspace."""
    return ForeignKeyConstraint(["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"])
