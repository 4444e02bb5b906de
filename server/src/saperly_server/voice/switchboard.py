"""What every part of calling shares: the network, the live calls, and how a call begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from saperly_carriers.clock import Clock
from saperly_carriers.port import Calls, Carrier, SpeechConfig

from saperly_server.compliance import NotSipTarget, destination, sip_target, state_of
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Database, Tenant
from saperly_server.gate import Gate
from saperly_server.identity import workspace_of
from saperly_server.ledger import RateCard

from .brains import Brain, BrainCall
from .contracts import Call
from .engine import begin, inputs
from .models import calls
from .planning import CallSetup
from .queries import call_row, to_call
from .runtime import CallFacts, CallStore, LiveCall, LiveCalls, World

MakeBrain = Callable[[CallSetup], Brain]
Observe = Callable[[CallFacts, inputs.Input, tuple[Any, ...]], None]


def nobody_watches(facts: CallFacts, event: inputs.Input, effects: tuple[Any, ...]) -> None:
    """The observer of a server that prints nothing."""


@dataclass(slots=True)
class Switchboard:
    """`owner` names this process in the calls' leases; `wait_sec` bounds how long a request waits for the network."""

    db: Database
    gate: Gate
    clock: Clock
    rates: RateCard
    carriers: Mapping[str, Carrier]
    secrets: SecretBox
    make_brain: MakeBrain
    owner: str
    wait_sec: float
    observe: Observe = nobody_watches
    live: LiveCalls = field(default_factory=LiveCalls)
    store: CallStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = CallStore(self.db, self.rates, self.owner)

    def line(self, tenant: Tenant) -> Calls:
        """The carrier's telephone exchange for a tenant's environment."""
        exchange = self.carriers[tenant.environment].calls
        assert exchange is not None
        return exchange

    def line_of(self, carrier: str) -> Calls:
        """The exchange of a carrier by name."""
        exchange = next(found.calls for found in self.carriers.values() if found.name == carrier)
        assert exchange is not None
        return exchange

    def is_simulated(self, tenant: Tenant) -> bool:
        return self.carriers[tenant.environment].name == "simulated"

    def begin(
        self,
        tenant: Tenant,
        setup: CallSetup,
        hold_id: str,
        *,
        peer: str,
        instructions: str | None = None,
        vouched: bool = False,
    ) -> LiveCall:
        """Take an admitted call into this process's hands."""
        plan = setup.plan
        facts = CallFacts(
            tenant=tenant,
            call_id=plan.call_id,
            number_id=setup.number.id,
            peer=peer,
            from_number=plan.from_number,
            to_number=plan.to_number,
            hold_id=hold_id,
            rate_micros_per_min=setup.rate_micros_per_min,
            vouched=vouched,
        )
        call = LiveCall(facts, begin(plan), self._world(tenant, setup, instructions), self.live.drop)
        self.live.add(call)
        return call

    def _world(self, tenant: Tenant, setup: CallSetup, instructions: str | None) -> World:
        connection = setup.connection
        voice = connection.tts.voice_id if connection.tts is not None else None
        return World(
            clock=self.clock,
            calls=self.line(tenant),
            brain=self.make_brain(setup),
            about=BrainCall.of(setup.plan, connection, instructions),
            store=self.store,
            speech=SpeechConfig(connection.language, voice),
            refuses_transfer=self.refuses_transfer,
            observe=self.observe,
        )

    async def renew(self) -> None:
        """Say that this process is there, and so still holds its live calls."""
        await self.store.renew()

    async def get(self, tenant: Tenant, call_id: str) -> Call:
        async with self.db.tenant(tenant) as tx:
            return to_call(await call_row(tx, tenant, call_id))

    async def refuses_transfer(self, facts: CallFacts, to: str) -> str | None:
        """Destination policy and the target's own opt-out, as for any contact; None when it may go ahead."""
        if not to.startswith("+"):
            return _sip_refusal(to)
        where = destination(to, "transfer", simulated=self.is_simulated(facts.tenant))
        if where.refused is not None:
            return where.refused
        async with self.db.system() as tx:
            if where.country not in (await workspace_of(tx, facts.tenant.workspace_id)).destinations:
                return "destination_not_supported"
            if await state_of(tx, facts.tenant, facts.number_id, to) == "opted_out":
                return "recipient_opted_out"
        return None


def _sip_refusal(to: str) -> str | None:
    try:
        sip_target(to)
    except NotSipTarget:
        return "sip_target"
    return None


def row_of(facts: CallFacts) -> tuple[Any, ...]:
    """The call's own row, as a condition."""
    return (calls.c.workspace_id == facts.tenant.workspace_id, calls.c.id == facts.call_id)
