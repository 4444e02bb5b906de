"""A leak between workspaces, planted on purpose: the crawler catches it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.settings import Settings
from saperly_server.main import build

from server.tests.customers import new_customer
from server.tests.planting import Plant, planted
from server.tests.stage import Stage

from . import test_tenant_crawler


@pytest.fixture
async def leaking(postgres: EmbeddedPostgres, template: str, clock: VirtualClock) -> AsyncIterator[Stage]:
    """A server that reads numbers by their id alone, as a role that sees everybody's."""
    plants = (
        Plant("numbers_read", "n.workspace_id = v.item->>'workspace_id' and", ""),
        Plant("numbers_read", "and n.environment = v.item->>'environment'", ""),
        Plant("numbers_read", "perform set_config('role', 'saperly_app', true);", ""),
    )
    async with planted(postgres, template, plants) as name:
        settings = Settings(mode="development", secret_key="test", requests_per_minute=100_000)
        process = await build(settings, postgres.url(name), clock)
        process.worker.start()
        customer = await new_customer(process.services.db, cents=5_000)
        stage = Stage(process, clock, customer, None)  # type: ignore[arg-type]
        stage.client = stage.client_with(customer.secret)
        yield stage
        process.worker.stop()
        await stage.client.aclose()
        await process.services.close()


async def test_a_leak_between_workspaces_is_caught(leaking: Stage) -> None:
    crawl = test_tenant_crawler.test_somebody_elses_things_are_answered_like_things_that_never_were
    with pytest.raises(AssertionError):
        await crawl(leaking, "another workspace", every=False)
