"""Pages of lists: newest first, by id, which sorts by time of creation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000

S = TypeVar("S", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` rows, starting after the row whose id is `cursor`."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


def newest_first(query: S, column: ColumnElement[str], page: Page) -> S:
    """The page's part of a query. Rows that are added while walking never shift the ones already there."""
    if page.cursor is not None:
        query = query.where(column < page.cursor)
    return query.order_by(column.desc()).limit(page.limit)
