"""What a new database begins with, and the demo in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server import bootstrap, demo, identity, ledger
from saperly_server.bootstrap import Home
from saperly_server.core.db import Database, Tenant
from saperly_server.core.settings import Settings
from saperly_server.identity import ALL, KeyRing
from saperly_server.ledger import RateCard
from saperly_server.main import Process, build

RATES = RateCard.load()
SETTINGS = Settings(mode="development", secret_key="test")


async def test_a_new_database_gets_a_workspace_with_credit_and_two_root_keys(db: Database) -> None:
    home = await bootstrap.first_workspace(db, RATES, SETTINGS)
    assert (home.workspace.name, home.workspace.slug) == ("My workspace", "my-workspace")
    assert home.keys is not None
    for environment, secret in (("live", home.keys.live), ("test", home.keys.test)):
        tenant = Tenant(home.workspace.id, environment)
        async with db.system() as tx:
            assert (await ledger.balance(tx, tenant)).available_cents == 500
        caller = await KeyRing(db).authenticate(secret)
        assert (caller.tenant, caller.grant.scopes) == (tenant, ALL)
    async with db.tenant(Tenant(home.workspace.id, "live")) as tx:
        (owner,) = await identity.list_members(tx)
    assert owner.role == "owner"


async def test_later_starts_find_it_and_mint_nothing(db: Database) -> None:
    first = await bootstrap.first_workspace(db, RATES, SETTINGS)
    again = await bootstrap.first_workspace(db, RATES, SETTINGS)
    assert again == Home(first.workspace, None)
    async with db.tenant(Tenant(first.workspace.id, "live")) as tx:
        assert len(await identity.root_keys(tx)) == 1


async def test_of_starts_at_the_same_moment_one_makes_it(db: Database) -> None:
    homes = await asyncio.gather(*(bootstrap.first_workspace(db, RATES, SETTINGS) for _ in range(4)))
    assert len({home.workspace.id for home in homes}) == 1
    assert sum(home.keys is not None for home in homes) == 1


async def test_a_revoked_root_key_is_no_root_key_any_more(db: Database) -> None:
    home = await bootstrap.first_workspace(db, RATES, SETTINGS)
    assert home.keys is not None
    caller = await KeyRing(db).authenticate(home.keys.test)
    async with db.tenant(caller.tenant) as tx:
        await identity.revoke(tx, caller, caller.key_id)
        assert await identity.root_keys(tx) == []
    async with db.system() as tx:
        await bootstrap.mint_root_keys(tx, home.workspace.id, "new", "operator")
    async with db.tenant(caller.tenant) as tx:
        assert [key.name for key in await identity.root_keys(tx)] == ["new"]


@pytest.fixture
async def process(dsn: str, clock: VirtualClock) -> Process:
    return await build(SETTINGS, dsn, clock)


async def _demo(process: Process, home: Home, clock: VirtualClock) -> demo.Demo | None:
    task = asyncio.ensure_future(demo.ensure(process.services, home.workspace.id))
    while not task.done():
        await asyncio.wait({task}, timeout=0.02)
        await clock.advance(0.1)
    return task.result()


async def test_the_demo_is_set_up_once_and_in_the_test_environment_only(process: Process, clock: VirtualClock) -> None:
    services = process.services
    home = await bootstrap.first_workspace(services.db, services.rates, SETTINGS)
    first = await _demo(process, home, clock)
    assert first == demo.Demo("+14155550100", "Demo receptionist")
    assert await _demo(process, home, clock) == first
    async with services.db.system() as tx:
        balances = [await ledger.balance(tx, Tenant(home.workspace.id, name)) for name in ("live", "test")]
    assert [balance.available_cents for balance in balances] == [500, 500], "the first number is free at first"
    await services.close()


async def test_a_demo_that_was_taken_apart_stays_apart(process: Process, clock: VirtualClock) -> None:
    from saperly_server import connections, numbers
    from saperly_server.core.pagination import Page

    services = process.services
    home = await bootstrap.first_workspace(services.db, services.rates, SETTINGS)
    await _demo(process, home, clock)
    async with services.db.tenant(Tenant(home.workspace.id, "test")) as tx:
        (connection,) = await connections.list_connections(tx, Page())
        await numbers.retire_connection(tx, connection.id, "somebody")
    assert await _demo(process, home, clock) is None
    await services.close()


async def test_a_demo_that_cannot_be_set_up_is_told_and_nothing_else_fails(
    process: Process, clock: VirtualClock
) -> None:
    services = process.services
    home = await bootstrap.first_workspace(services.db, services.rates, SETTINGS)
    poor = replace(services.provisioner, rates=_without_numbers(services.rates))
    with pytest.raises(demo.DemoNotReady):
        await demo.ensure(replace(services, provisioner=poor), home.workspace.id)
    await services.close()


def _without_numbers(rates: RateCard) -> RateCard:
    return rates.model_copy(update={"numbers": rates.numbers.model_copy(update={"rent": {}})})
