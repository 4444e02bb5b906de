"""Real PostgreSQL for every test that asks for it: one server for each worker, one fresh database for each test."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.core.data_dir import DataDir
from saperly_server.core.db import Database
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.settings import Settings
from saperly_server.main import build
from saperly_server.migrations import migrate

from .customers import START, Customer, new_customer
from .ledger.bank import bank
from .stage import Stage

__all__ = ["START", "Customer", "Stage", "bank", "new_customer"]

_names = itertools.count()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    directory = DataDir.ephemeral(_memory())
    server = EmbeddedPostgres.start(directory.path, durable=False)
    yield server
    server.stop("immediate")
    directory.remove()


def _memory() -> Path | None:
    """A file system in memory with room for the databases of a run: copying one there takes a fraction of the time."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2**31 else None


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> str:
    """A migrated database that every test's database is a copy of."""
    await _admin(postgres, "create database saperly_template")
    await migrate(postgres.url("saperly_template"))
    return "saperly_template"


@pytest.fixture
async def dsn(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    name = f"test_{next(_names)}"
    await _admin(postgres, f"create database {name} template {template}")
    yield postgres.url(name)
    await _admin(postgres, f"drop database {name} with (force)")


async def _admin(postgres: EmbeddedPostgres, statement: str) -> None:
    conn = await asyncpg.connect(postgres.url("postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def db(dsn: str, clock: VirtualClock) -> AsyncIterator[Database]:
    database = Database(dsn, clock, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
async def customer(db: Database) -> Customer:
    return await new_customer(db)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def stage(dsn: str, clock: VirtualClock) -> AsyncIterator[Stage]:
    settings = Settings(mode="development", secret_key="test", requests_per_minute=100_000)
    process = await build(settings, dsn, clock)
    process.worker.start()
    customer = await new_customer(process.services.db, cents=5_000)
    made = Stage(process, clock, customer, None)  # type: ignore[arg-type]
    made.client = made.client_with(customer.secret)
    yield made
    process.worker.stop()
    await made.client.aclose()
    await process.services.close()
