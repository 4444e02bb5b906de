"""The composition root: reads the settings, picks the implementations, and runs them as one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from saperly_carriers.clock import Clock, SystemClock
from saperly_carriers.port import Carrier, Op
from saperly_carriers.simulated import Network, NetworkSettings, SimulatedCarrier
from saperly_carriers.unconfigured import UnconfiguredCarrier

from . import numbers
from .api import create_app
from .api.services import Services
from .connections import Mode
from .core import phone
from .core.crypto import SecretBox
from .core.data_dir import DataDir
from .core.db import Database
from .core.deployment_key import deployment_key
from .core.egress import LOOPBACK, Egress
from .core.ids import new_id
from .core.memory import calm_collector
from .core.rate_limit import TokenBuckets
from .core.settings import Settings
from .doctor import Watch
from .gate import Gate
from .identity import KeyRing
from .jobs import Worker, beats
from .ledger import RateCard
from .messaging import Messaging, Receipts
from .migrations import migrate
from .network import Dispatch, Intake
from .numbers import NumberReader, Provisioner
from .voice import CallSetup, Switchboard, inputs
from .voice.brains import Brain, DemoBrain, SlotBook, Thinking
from .voice.brains.manual import Desk, Endpoint, ManualBrain, Posting

VERSION = version("saperly-server")
_DRAIN_SEC = 10.0

Observe = Callable[[Any, Any, tuple[Any, ...]], None]


@dataclass(frozen=True, slots=True)
class Process:
    """One running server: its application, its simulated network, and what works in the background."""

    services: Services
    app: FastAPI
    network: Network
    worker: Worker

    async def drain(self) -> int:
        """End the calls this process holds, politely where the network answers; how many there were."""
        live = list(self.services.calls.live)
        await asyncio.gather(*(call.feed(inputs.EndRequested("server_shutdown", "system")) for call in live))
        waits = [asyncio.ensure_future(call.ended.wait()) for call in live]
        if waits:
            await asyncio.wait(waits, timeout=_DRAIN_SEC)
        for wait in waits:
            wait.cancel()
        return len(live)


@asynccontextmanager
async def running(
    settings: Settings,
    dsn: str,
    clock: Clock | None = None,
    observe: Observe | None = None,
    carrier: Carrier | None = None,
) -> AsyncIterator[Process]:
    """A server on a database: migrated, its network connected, its worker at work; drained and closed at the end."""
    system = SystemClock() if clock is None else None
    await migrate(dsn)
    process = await build(settings, dsn, clock or system or SystemClock(), observe, carrier)
    process.worker.start()
    live = process.services.calls.live
    try:
        async with calm_collector(lambda: not len(live)):
            yield process
    finally:
        process.worker.stop()
        if system is not None:
            await process.drain()
            await system.aclose()
        await process.services.close()


async def build(
    settings: Settings,
    dsn: str,
    clock: Clock,
    observe: Observe | None = None,
    carrier: Carrier | None = None,
    database: Database | None = None,
) -> Process:
    """Everything wired together, on a database that is up to date.

    `carrier` serves both environments and outlives this process; whoever gives it brings its events to
    `services.intake`. Without one there is a simulated network, which begins and ends with the process. `database` is the
    way to `dsn` if it is not the ordinary one.
    """
    phone.preload()
    owner = new_id("proc")
    db = database or Database(dsn, clock, pool_size=settings.pool_size)
    people = NetworkSettings()
    pace = replace(people, chars_per_sec=people.chars_per_sec * settings.simulation_speed)
    network = Network(settings.simulation_seed, clock, id_prefix=owner[-10:].lower(), settings=pace)
    simulated = SimulatedCarrier(network)
    by_environment: dict[str, Carrier] = {
        "test": carrier or simulated,
        "live": carrier or (simulated if settings.development else UnconfiguredCarrier()),
    }
    watch = Watch(db)
    services = _services(settings, db, clock, owner, by_environment, watch)
    if observe is not None:
        services.calls.observe = observe
    intake = services.intake

    async def deliver(request: Any) -> None:
        await intake.receive(simulated.name, request)

    if carrier is None:
        network.deliver = deliver
        await _reclaim(db, network, simulated)
    dispatch = Dispatch(db, clock, owner, services.provisioner, services.messaging, services.calls)
    worker = Worker(clock, beats(db, dispatch, intake, services.calls, watch))
    return Process(services, create_app(services, network, VERSION), network, worker)


def _services(
    settings: Settings, db: Database, clock: Clock, owner: str, carriers: dict[str, Carrier], watch: Watch
) -> Services:
    rates = RateCard.load(settings.rate_file)
    gate = Gate(db, owner=owner, consent_policy=settings.consent_policy, touched=watch.touched)
    wait = settings.handoff_wait_sec
    provisioner = Provisioner(db, gate, clock, rates, carriers, wait, settings.numbers_without_payment_method)
    secrets = SecretBox(settings.secret_key or deployment_key(settings.data_dir or DataDir.default().path))
    egress, desk = Egress(LOOPBACK if settings.development else ()), Desk(clock)
    brains = _brains(clock, desk, Posting(egress, clock))
    calls = Switchboard(db, gate, clock, rates, carriers, secrets, brains, owner, wait)
    return Services(
        settings=settings,
        clock=clock,
        db=db,
        secrets=secrets,
        rates=rates,
        limiter=TokenBuckets(clock, settings.requests_per_minute),
        keys=KeyRing(db),
        gate=gate,
        numbers=NumberReader(db),
        provisioner=provisioner,
        messaging=Messaging(db, gate, clock, rates, carriers, wait),
        calls=calls,
        desk=desk,
        egress=egress,
        intake=Intake(db, {carrier.name: carrier for carrier in carriers.values()}, provisioner, Receipts(db), calls),
    )


def _brains(clock: Clock, desk: Desk, posting: Posting) -> Callable[[CallSetup], Brain]:
    """Who thinks: the demo brain for hosted connections, the customer's own program for manual ones."""
    slots = SlotBook()

    def make(setup: CallSetup) -> Brain:
        if setup.connection.mode is Mode.MANUAL:
            return ManualBrain(desk, posting, setup.connection.id, _endpoint(setup))
        return Thinking(DemoBrain(slots, clock.now))

    return make


def _endpoint(setup: CallSetup) -> Endpoint | None:
    """Where a manual connection's events are posted while nobody is connected: its own URL, else the number's."""
    url, secret = setup.connection.manual_webhook_url or setup.number.webhook_url, setup.connection.manual_secret
    return Endpoint(url, secret) if url and secret else None


async def _reclaim(db: Database, network: Network, carrier: SimulatedCarrier) -> None:
    """The simulated network forgets with the process: tell it again which numbers are rented, and where they lead."""
    async with db.system() as tx:
        for e164 in await numbers.in_use(tx, carrier.name):
            carrier_id = network.seize(e164)
            await numbers.renamed_at_carrier(tx, e164, carrier_id)
            await carrier.numbers.route(carrier_id, voice="saperly", messaging="saperly", op=Op(f"route-{carrier_id}"))
