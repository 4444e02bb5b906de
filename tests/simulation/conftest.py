"""Ground for the proofs: one scratch PostgreSQL in memory for each worker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from saperly_server.core.data_dir import DataDir
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.migrations import migrate
from saperly_server.verify import Ground, Proof, run_trials


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
    """A file system in memory with room for the databases of a run."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2**31 else None


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres) -> str:
    """A migrated, empty database that every proof's databases are copies of."""
    conn = await asyncpg.connect(postgres.url("postgres"))
    try:
        await conn.execute("create database saperly_proofs")
    finally:
        await conn.close()
    await migrate(postgres.url("saperly_proofs"))
    return "saperly_proofs"


@pytest.fixture(scope="session")
async def ground(postgres: EmbeddedPostgres, template: str) -> Ground:
    return Ground(postgres, template)


class Trials:
    """Runs trials of a proof; a failing one is told with the command that runs it again."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def __call__(self, proof: Proof, first_seed: int, count: int) -> None:
        result = await run_trials(proof, self._ground, first_seed, count)
        assert not result.failures, f"{result.failures[0].problem}\nagain: {result.failures[0].replay}"


@pytest.fixture(scope="session")
def trials(ground: Ground) -> Trials:
    return Trials(ground)
