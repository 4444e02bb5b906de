"""Reading single numbers: what agents do most. Reads that arrive together are one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import orjson

from saperly_server.core.batch import Batcher
from saperly_server.core.db import Database, Tenant
from saperly_server.gate import NumberNotFound

from .contracts import Number
from .queries import to_number

_READ = "select numbers_read($1::jsonb)"
_INSTANTS = ("created_at", "next_charge_at", "released_at")


class NumberReader:
    """Looks up one number for each of many callers."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._batcher = Batcher(self._ask)

    async def read(self, tenant: Tenant, number_id: str) -> Number:
        """One number of the tenant, released ones included. NumberNotFound for any other id."""
        item = {"workspace_id": tenant.workspace_id, "environment": tenant.environment, "id": number_id}
        row = await self._batcher.add(orjson.dumps(item).decode(), tenant.workspace_id)
        if row is None:
            raise NumberNotFound(number_id)
        return _number(row)

    async def _ask(self, items: list[str]) -> Sequence[Any]:
        async with self._db.raw() as conn:
            rows: Sequence[Any] = await conn.fetchval(_READ, f"[{','.join(items)}]")
            return rows


def _number(row: dict[str, Any]) -> Number:
    """A number from its row in JSON."""
    for name in _INSTANTS:
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name])
    return to_number(SimpleNamespace(**row))
