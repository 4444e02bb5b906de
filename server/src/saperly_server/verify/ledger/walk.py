"""Somebody turns the pages of the list of moves while moves are added."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from saperly_server import ledger
from saperly_server.core.db import Database, Tenant
from saperly_server.core.pagination import Page
from saperly_server.verify.contracts import Broken


@dataclass(slots=True)
class Walk:
    """From the newest move to the first, a page now and then; every move that was there at the start is met once."""

    db: Database
    tenant: Tenant
    random: Random
    there: list[int] = field(default_factory=list)
    met: list[int] = field(default_factory=list)
    walking: bool = False

    async def go_on(self, there: list[int]) -> None:
        """Turn one page. `there` are the numbers of the moves that exist now; a walk that begins is about those."""
        if not self.walking:
            self.there, self.met, self.walking = there, [], True
        cursor = str(self.met[-1]) if self.met else None
        async with self.db.tenant(self.tenant) as tx:
            page = await ledger.entries(tx, Page(self.random.randrange(1, 24), cursor))
        self.met += [entry.seq for entry in page]
        if not page:
            self._arrive()

    def _arrive(self) -> None:
        self.walking = False
        if self.met != sorted(self.there, reverse=True):
            raise Broken(f"L-18: a walk over the moves {self.there} met {self.met}.")
