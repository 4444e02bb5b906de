"""One server for all lines of the table; each test furnishes a workspace of its own in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.settings import Settings
from saperly_server.main import build
from structlog.testing import capture_logs

from server.tests.conftest import START, anyio_backend, new_customer, postgres, template
from server.tests.stage import Stage

from .house import House

__all__ = ["anyio_backend", "postgres", "template"]


@pytest.fixture(scope="session")
async def house(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[House]:
    """A server in virtual time that lives as long as the tests of this worker."""
    conn = await asyncpg.connect(postgres.url("postgres"))
    await conn.execute(f"create database matrix template {template}")
    await conn.close()
    clock = VirtualClock(START)
    settings = Settings(mode="development", secret_key="test", requests_per_minute=1_000_000)
    process = await build(settings, postgres.url("matrix"), clock)
    process.worker.start()
    customer = await new_customer(process.services.db)
    stage = Stage(process, clock, customer, None)  # type: ignore[arg-type]
    stage.client = stage.client_with(customer.secret)
    yield House(stage)
    process.worker.stop()
    await stage.client.aclose()
    await process.services.close()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing that a request can do is an error to the server's log."""
    with capture_logs() as lines:
        yield
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []
