"""Everybody at once: several servers on one database, and writers of every kind that get in each other's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx
from fastapi import FastAPI
from saperly_carriers.clock import VirtualClock
from saperly_carriers.simulated import NotInService
from saperly_server import numbers
from saperly_server.api import create_app
from saperly_server.api.services import Services
from saperly_server.core.db import Database
from saperly_server.core.ids import new_id
from saperly_server.core.settings import Settings
from saperly_server.gate import Gate
from saperly_server.identity import KeyRing
from saperly_server.main import Process, build
from saperly_server.messaging import Messaging
from saperly_server.voice import Switchboard

from ..customers import START, Customer, new_customer
from ..ledger.bank import Watch

PEERS = tuple(f"+1415555{digits}" for digits in range(7001, 7007))
WORDS = ("STOP", "START", "hello", "HELP", "unstop", "stop all")

Writer = Callable[["Crowd"], Awaitable[None]]


@dataclass(slots=True)
class Crowd:
    """The servers, the customers, and what they have that can be fought over."""

    clock: VirtualClock
    process: Process
    databases: list[Database]
    months: Watch
    customers: list[Customer]
    clients: list[list[httpx.AsyncClient]]
    random: Random
    lines: list[list[str]] = field(default_factory=list)
    e164: dict[str, str] = field(default_factory=dict)
    connections: list[list[str]] = field(default_factory=list)
    keys: list[list[str]] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    answers: list[tuple[str, int, Any]] = field(default_factory=list)

    async def post(self, who: int, path: str, body: Any = None) -> Any:
        """Ask any server; a body that is not an error is returned."""
        response = await self.random.choice(self.clients[who]).post(path, json=body)
        self.answers.append((path, response.status_code, response.json()))
        return response.json() if response.status_code < 300 else None

    @property
    def sweeper(self) -> Database:
        """The database whose clock is months ahead."""
        return self.databases[-1]

    def someone(self) -> int:
        return self.random.randrange(len(self.customers))

    async def all_at_once(self, writers: Sequence[Writer], hands: int) -> None:
        """Let so many hands work off the list while virtual time runs."""
        todo = list(writers)

        async def work() -> None:
            while todo:
                await todo.pop()(self)

        tasks = [asyncio.ensure_future(work()) for _ in range(hands)]
        while not all(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=0.01)
            await self.clock.advance(0.05)
        for task in tasks:
            task.result()

    async def calm_down(self) -> None:
        """Everything under way comes to its end."""
        await self.all_at_once([_end_every_call], 1)
        await self.clock.advance(90)


async def _end_every_call(crowd: Crowd) -> None:
    await crowd.process.drain()


async def buy(crowd: Crowd) -> None:
    who = crowd.someone()
    made = await crowd.post(who, "/numbers", {"areaCode": "415"})
    if made:
        crowd.lines[who].append(made["id"])
        crowd.e164[made["id"]] = made["phoneNumber"]


async def connect(crowd: Crowd) -> None:
    who = crowd.someone()
    made = await crowd.post(who, "/connections", {"name": "one more"})
    crowd.connections[who].append(made["id"])


async def bind(crowd: Crowd) -> None:
    who = crowd.someone()
    line, connection = crowd.random.choice(crowd.lines[who]), crowd.random.choice(crowd.connections[who])
    await crowd.post(who, f"/numbers/{line}/connection", {"connectionId": connection})


async def disconnect(crowd: Crowd) -> None:
    who = crowd.someone()
    if len(crowd.connections[who]) > 1:
        connection = crowd.connections[who].pop(0)
        response = await crowd.random.choice(crowd.clients[who]).delete(f"/connections/{connection}")
        crowd.answers.append(("DELETE /connections", response.status_code, response.json()))


async def give_back(crowd: Crowd) -> None:
    who = crowd.someone()
    if len(crowd.lines[who]) > 2:
        await crowd.post(who, f"/numbers/{crowd.lines[who].pop(1)}/release")


async def text(crowd: Crowd) -> None:
    who = crowd.someone()
    body = {"fromNumberId": crowd.random.choice(crowd.lines[who]), "to": crowd.random.choice(PEERS), "body": "Hi"}
    await crowd.post(who, "/messages", body)


async def call(crowd: Crowd) -> None:
    who = crowd.someone()
    body = {"fromNumberId": crowd.random.choice(crowd.lines[who]), "to": crowd.random.choice(PEERS)}
    made = await crowd.post(who, "/calls", body)
    if made:
        crowd.calls[who].append(made["id"])


async def hang_up(crowd: Crowd) -> None:
    who = crowd.someone()
    if crowd.calls[who]:
        await crowd.post(who, f"/calls/{crowd.calls[who].pop()}/end", {"durationSec": 1})


async def consent(crowd: Crowd) -> None:
    who = crowd.someone()
    pair = {"numberId": crowd.random.choice(crowd.lines[who]), "peerNumber": crowd.random.choice(PEERS)}
    await crowd.post(who, "/consent", {**pair, "consentType": "explicit_outbound", "source": "test"})


async def revoke_consent(crowd: Crowd) -> None:
    who = crowd.someone()
    pair = {"numberId": crowd.random.choice(crowd.lines[who]), "peerNumber": crowd.random.choice(PEERS)}
    await crowd.post(who, "/consent/revoke", pair)


async def hear_from(crowd: Crowd) -> None:
    """A peer texts one of our numbers: a keyword, or something else."""
    line = crowd.e164[crowd.random.choice(crowd.lines[crowd.someone()])]
    with suppress(NotInService):
        crowd.process.network.send_text(crowd.random.choice(PEERS), line, crowd.random.choice(WORDS))


async def mint(crowd: Crowd) -> None:
    who = crowd.someone()
    made = await crowd.post(who, "/api-tokens", {"name": "child", "scopes": ["read", "admin"]})
    crowd.keys[who].append(made["id"])


async def revoke_key(crowd: Crowd) -> None:
    who = crowd.someone()
    if crowd.keys[who]:
        await crowd.post(who, f"/api-tokens/{crowd.keys[who].pop()}/revoke")


async def sweep(crowd: Crowd) -> None:
    """Each sweep happens a month after the one before, so that rent is always due."""
    crowd.months.pass_by(days=31)
    async with crowd.sweeper.system() as tx:
        await numbers.sweep_rent(tx)


@asynccontextmanager
async def crowd(dsn: str, seed: int, *, servers: int = 3, customers: int = 2) -> AsyncIterator[Crowd]:
    """Customers with some numbers each, that they have consent to use."""
    clock = VirtualClock(START)
    settings = Settings(mode="development", secret_key="test", requests_per_minute=1_000_000, pool_size=6)
    process = await build(settings, dsn, clock)
    services = [process.services, *(_beside(process, dsn) for _ in range(servers - 1))]
    people = [await new_customer(process.services.db, cents=100_000, quota=60) for _ in range(customers)]
    apps = [create_app(one, process.network, "test") for one in services]
    clients = [[_client(app, person.secret) for app in apps] for person in people]
    months = Watch(START)
    databases = [*(one.db for one in services), Database(dsn, months, pool_size=4)]
    made = Crowd(clock, process, databases, months, people, clients, Random(seed))
    for each in (made.lines, made.connections, made.keys, made.calls):
        each.extend([] for _ in people)
    process.worker.start()
    await made.all_at_once([connect] * 8 * customers, 2)
    await made.all_at_once([buy] * 4 * customers, 2)
    await made.all_at_once([bind] * 8 * customers + [consent] * 16 * customers, 2)
    yield made
    process.worker.stop()
    for client in (client for mine in clients for client in mine):
        await client.aclose()
    for db in made.databases:
        await db.close()


def _beside(process: Process, dsn: str) -> Services:
    """Another server on the same database and network: its own connections, gate and batches; the calls are shared."""
    first, board = process.services, process.services.calls
    db = Database(dsn, first.clock, pool_size=6)
    gate = Gate(db, owner=new_id("proc"), consent_policy="strict")
    common = (first.clock, first.rates, board.carriers)
    calls = Switchboard(
        db, gate, *common, board.secrets, board.make_brain, board.owner, board.wait_sec, live=board.live
    )
    return replace(
        first,
        db=db,
        keys=KeyRing(db),
        gate=gate,
        provisioner=replace(first.provisioner, db=db, gate=gate),
        messaging=Messaging(db, gate, *common, board.wait_sec),
        calls=calls,
    )


def _client(app: FastAPI, secret: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(transport=transport, base_url="http://saperly.test", headers=headers)
