"""Where proofs run: a scratch PostgreSQL, never the operator's own."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate

_TEMPLATE = "saperly_verify"


@dataclass(slots=True)
class Ground:
    """A PostgreSQL to make databases in, each a copy of `template`, which is migrated and empty."""

    postgres: EmbeddedPostgres
    template: str
    _names: itertools.count[int] = field(default_factory=itertools.count)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The URL of an empty, migrated database; it is gone at the end."""
        name = f"{self.template}_{next(self._names)}"
        await self._admin(f"create database {name} template {self.template}")
        try:
            yield self.postgres.url(name)
        finally:
            await self._admin(f"drop database {name} with (force)")

    async def _admin(self, statement: str) -> None:
        conn = await asyncpg.connect(self.postgres.url("postgres"))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    @classmethod
    @asynccontextmanager
    async def scratch(cls) -> AsyncIterator[Ground]:
        """Ground of its own in a temporary directory. Nothing is forced to disk: what must survive a crash of the
        machine is proved by other means."""
        with tempfile.TemporaryDirectory(prefix="saperly-verify-") as folder:
            os.chmod(folder, 0o755)  # noqa: S103  an embedded database of root runs under another account
            postgres = await asyncio.to_thread(EmbeddedPostgres.start, Path(folder) / "data", durable=False)
            try:
                ground = cls(postgres, _TEMPLATE)
                await ground._admin(f"create database {_TEMPLATE}")
                await migrate(postgres.url(_TEMPLATE))
                yield ground
            finally:
                await asyncio.to_thread(postgres.stop, "immediate")
