"""Pages of lists: newest first, by id, which sorts by time of creation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Column, ColumnElement, Select, Text, func, literal, select, true

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


def newest_of(query: S, owner: Column[str], owners: Collection[str] | None, page: Page) -> S:
    """The page's part of a query about rows of some owners only (None: of all), through an index of (…, owner, id).

    Each owner's newest are looked up by themselves. Asked for all in one condition, the database would now and then walk
    from the newest row of all until it has met enough of these owners', which may be millions of rows later.
    """
    table = owner.table
    if owners is None:
        return newest_first(query, table.c.id, page)
    wanted = select(func.unnest(literal(sorted(owners), ARRAY(Text))).label("owner")).subquery()
    each = newest_first(select(table.c.id).where(owner == wanted.c.owner), table.c.id, page).lateral()
    found = select(each.c.id).select_from(wanted.join(each, true())).order_by(each.c.id.desc()).limit(page.limit)
    return query.where(table.c.id.in_(found)).order_by(table.c.id.desc())
