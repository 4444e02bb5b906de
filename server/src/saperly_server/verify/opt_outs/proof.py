"""The proof: contacts, opt-outs and opt-ins let loose at once, over two servers and a network that dawdles and fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from saperly_carriers.clock import VirtualClock
from saperly_carriers.port import RawRequest
from saperly_carriers.simulated import Network, NetworkSettings, SimulatedCarrier
from saperly_carriers.simulated.faults import NO_FAULTS, Faults

from saperly_server.main import Process, build
from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground
from saperly_server.verify.simulation.client import Answer, Client
from saperly_server.verify.simulation.customers import Customer, new_customer
from saperly_server.verify.simulation.health import must_be_chained, must_be_healthy
from saperly_server.verify.simulation.house_rules import settings
from saperly_server.verify.simulation.stepped import Reader, SteppedDatabase, Theatre, Turnstile

from .contacts import OptOutLog, judge_contacts

_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
_CREDIT_CENTS = 2_000
_NETWORKS = (
    NO_FAULTS,
    Faults(slow_answer=True),
    Faults(fail_first=True),
    Faults(rate_limit_first=True),
    Faults(lose_answer=True),
    Faults(garble_answer=True),
)
_SAYINGS = ("STOP", "STOP", "please stop texting me", "START", "unsubscribe", "HELP", "ok")
_TRAIL = """
select coalesce(data->>'peer', '') as peer, event_type, created_at from audit_events
where workspace_id = $1 and event_type in ('suppression.added', 'suppression.lifted') order by seq
"""
_REPLIES = """
select body, purpose, to_number, cost_cents, hold_id from messages where workspace_id = $1 and purpose <> 'customer'
"""
_STATE = "select compliance_state($1, 'live', $2, $3)"


@dataclass(slots=True)
class House:
    """Two servers on one database and one network; whatever comes from the network goes to either."""

    processes: list[Process]
    network: Network
    theatre: Theatre
    reader: Reader
    turns: list[Random] = field(default_factory=lambda: [Random(0)])  # noqa: S311

    @property
    def chance(self) -> Random:
        """The chance of the present trial; who goes next at the database is its choice too."""
        return self.turns[0]

    async def deliver(self, request: RawRequest) -> None:
        await self.chance.choice(self.processes).services.intake.receive("simulated", request)


@dataclass(slots=True)
class Race:
    """One trial: a workspace with two numbers and a few people of its own."""

    house: House
    rng: Random
    customer: Customer
    numbers: list[tuple[str, str]]
    peers: list[str]
    story: list[str] = field(default_factory=list)

    async def run(self) -> int:
        since = self.house.theatre.clock.now()
        self.house.network.faults = self.rng.choice(_NETWORKS)
        self.story.append(f"the network: {self.house.network.faults}")
        moves = [self._move() for _ in range(self.rng.randint(6, 14))]
        await self.house.theatre.run(_all(moves), 600)
        self.house.network.faults = NO_FAULTS
        for _ in range(5):
            await self._rest()
        return await self._judge(since)

    async def _move(self) -> None:
        """Something happens, a moment from now."""
        await self.house.theatre.clock.sleep(self.rng.choice((0.0, 0.0, 0.1, 0.3, 0.6, 2.0)))
        move = self.rng.choice((self._text, self._text, self._call, self._say, self._say, self._revoke, self._grant))
        await move(self.rng.choice(self.numbers), self.rng.choice(self.peers))

    def _client(self) -> Client:
        return Client(self.rng.choice(self.house.processes).app, self.customer.secret)

    async def _ask(self, path: str, body: dict[str, Any]) -> Answer:
        answer = await self._client().post(path, body)
        self.story.append(f"{self.house.theatre.clock.now():%M:%S.%f} {path} {body} → {answer}")
        return answer

    async def _text(self, number: tuple[str, str], peer: str) -> None:
        await self._ask("/messages", {"fromNumberId": number[0], "to": peer, "body": f"Hello {len(self.story)}"})

    async def _call(self, number: tuple[str, str], peer: str) -> None:
        answer = await self._ask("/calls", {"fromNumberId": number[0], "to": peer})
        if answer.status == 201:
            await self.house.theatre.clock.sleep(self.rng.choice((1.0, 5.0)))
            await self._ask(f"/calls/{answer.body['id']}/end", {})

    async def _say(self, number: tuple[str, str], peer: str) -> None:
        words = self.rng.choice(_SAYINGS)
        self.story.append(f"{self.house.theatre.clock.now():%M:%S.%f} {peer} says {words!r} to {number[1]}")
        self.house.network.send_text(peer, number[1], words)

    async def _revoke(self, number: tuple[str, str], peer: str) -> None:
        await self._ask("/consent/revoke", {"numberId": number[0], "peerNumber": peer})

    async def _grant(self, number: tuple[str, str], peer: str) -> None:
        body = {"numberId": number[0], "peerNumber": peer, "consentType": "explicit_outbound", "source": "verify"}
        await self._ask("/consent", body)

    async def _rest(self) -> None:
        for process in self.house.processes:
            await self.house.theatre.run(process.worker.turn())
        await self.house.theatre.wait(35)

    async def _judge(self, since: datetime) -> int:
        workspace, reader = self.customer.tenant.workspace_id, self.house.reader
        replies = await reader.rows(_REPLIES, workspace)
        log = OptOutLog.of(await reader.rows(_TRAIL, workspace))
        entries = [entry for entry in self.house.network.log if entry.at >= since]
        senders = {e164 for _, e164 in self.numbers}
        contacts = judge_contacts(entries, senders, log, {row["body"] for row in replies})
        self._confirmed(replies, log)
        await self._gate_and_check_agree(log)
        await must_be_healthy(reader, workspace, self.house.theatre.clock.now())
        await must_be_chained(self.house.processes[0].services.db, self.customer.tenant)
        return contacts + len(self.story)

    def _confirmed(self, replies: list[Any], log: OptOutLog) -> None:
        """S-4: free, and at most one confirmation each time a peer begins to say no, or yes again."""
        for row in replies:
            if row["cost_cents"] or row["hold_id"] is not None:
                raise Broken(f"a reply of the platform's own cost {row['cost_cents']} (S-4).")
        for peer in self.peers:
            changes = log.spans.get(peer, [])
            said_no = sum(1 for row in replies if row["to_number"] == peer and row["purpose"] == "opt_out")
            if said_no > len(changes):
                raise Broken(
                    f"{peer} was told {said_no} times that they are unsubscribed, and was {len(changes)} times (S-4)."
                )

    async def _gate_and_check_agree(self, log: OptOutLog) -> None:
        """S-1: what is reported is what is enforced, and both are what the trail says."""
        for number_id, _ in self.numbers:
            for peer in self.peers:
                state = await self.house.reader.value(_STATE, self.customer.tenant.workspace_id, number_id, peer)
                told = await self._client().get("/consent/check", numberId=number_id, peerNumber=peer)
                said_no = bool(log.spans.get(peer)) and log.spans[peer][-1][1]
                if (said_no and state != "opted_out") or told.body["hasConsent"] != (
                    state not in ("none", "opted_out")
                ):
                    raise Broken(f"{peer}: the gate says {state}, the check {told.body}, the trail {said_no} (S-1).")


async def _all(works: list[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)


async def _trial(house: House, seed: int) -> int:
    rng = house.turns[0] = Random(seed)  # noqa: S311  chance that can be repeated
    house.network.faults = NO_FAULTS
    race = await house.theatre.run(_race(house, rng, seed))
    try:
        return await race.run()
    except (Broken, TimeoutError) as broken:
        raise Broken("\n".join([*race.story, str(broken)])) from broken


async def _race(house: House, rng: Random, seed: int) -> Race:
    process = house.processes[0]
    customer = await new_customer(process.services.db, "Acme", _CREDIT_CENTS)
    client = Client(process.app, customer.secret)
    connection = await client.post("/connections", {"name": "desk"})
    numbers = []
    for _ in range(2):
        number = (await client.post("/numbers", {})).body
        await client.post(f"/numbers/{number['id']}/connection", {"connectionId": connection.body["id"]})
        numbers.append((number["id"], number["phoneNumber"]))
    await process.worker.turn()
    peers = [f"+1646{2_000_000 + (2 * seed + place) % 3_000_000}" for place in range(2)]
    race = Race(house, rng, customer, numbers, peers)
    for number in numbers:
        for peer in peers:
            await race._grant(number, peer)
    return race


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async with ground.database() as dsn:
        clock, chance = VirtualClock(_START), [Random(0)]  # noqa: S311
        turnstile = Turnstile(lambda waiting: chance[0].randrange(waiting))
        network = Network(1, clock, id_prefix="verify", settings=NetworkSettings(log_entries=20_000))
        carrier = SimulatedCarrier(network)
        databases = [SteppedDatabase(dsn, clock, turnstile) for _ in range(2)]
        processes = [await build(settings(), dsn, clock, carrier=carrier, database=db) for db in databases]
        async with Reader.on(dsn, turnstile) as reader:
            house = House(processes, network, Theatre(clock, turnstile), reader, chance)
            network.deliver = house.deliver

            async def trial(seed: int) -> int:
                return await _trial(house, seed)

            try:
                yield trial
            finally:
                for db in databases:
                    await db.close()


OPT_OUT_RACES = Proof(
    name="opt-out-races",
    claim="From the instant a peer says no, nobody is given a text or call to them, however much is on its way",
    trial="race of up to 14 contacts, opt-outs and opt-ins",
    share=1.0,
    open=_open,
)
