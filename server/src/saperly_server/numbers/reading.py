"""Reading single numbers: what agents do most. Reads that arrive together are one statement."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from saperly_server.core.batch import Folded
from saperly_server.core.db import Database, Tenant
from saperly_server.gate import NumberNotFound

from .contracts import Number
from .queries import to_number

_INSTANTS = ("created_at", "next_charge_at", "released_at")


class NumberReader:
    """Looks up one number for each of many callers."""

    def __init__(self, db: Database) -> None:
        self._read = Folded(db, "numbers_read")

    async def read(self, tenant: Tenant, number_id: str) -> Number:
        """One number of the tenant, released ones included. NumberNotFound for any other id."""
        item = {"workspace_id": tenant.workspace_id, "environment": tenant.environment, "id": number_id}
        row = await self._read(item, tenant.workspace_id)
        if row is None:
            raise NumberNotFound(number_id)
        return _number(row)


def _number(row: dict[str, Any]) -> Number:
    """A number from its row in JSON."""
    for name in _INSTANTS:
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name])
    return to_number(SimpleNamespace(**row))
