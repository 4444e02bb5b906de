"""The proof: one server, one network, one post office between them; each trial with people and numbers of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

from saperly_carriers.clock import VirtualClock
from saperly_carriers.port import RawRequest
from saperly_carriers.simulated import Network, NetworkSettings, SimulatedCarrier, parse_script
from saperly_carriers.simulated.faults import NO_FAULTS, Faults

from saperly_server.main import Process, build
from saperly_server.verify.contracts import Broken, Proof, Trial
from saperly_server.verify.ground import Ground
from saperly_server.verify.simulation.client import Client
from saperly_server.verify.simulation.customers import Customer, new_customer
from saperly_server.verify.simulation.health import must_be_chained, must_be_healthy
from saperly_server.verify.simulation.house_rules import settings
from saperly_server.verify.simulation.stepped import Reader, SteppedDatabase, Theatre, Turnstile

from .cases import Case, Fate, Kind, Mode, Schedule, schedule
from .judge import Judge
from .post_office import PostOffice

_START = datetime(2026, 6, 18, 9, 30, tzinfo=UTC)
_TRIALS_PER_WORKSPACE = 10
_CREDIT_CENTS = 100_000
_PATIENCE_SEC = 200
"""How long a call may stay open after its end when nobody tells of it: longer than it may last without being paid for."""
_ROUND_SEC = 20.0


@dataclass(slots=True)
class Line:
    """A workspace with a number for the hosted assistant and one for the customer's own."""

    customer: Customer
    client: Client
    number_ids: list[str]
    numbers: list[str]


@dataclass(slots=True)
class Schedules:
    """Runs trials one after the other on one server."""

    process: Process
    network: Network
    theatre: Theatre
    reader: Reader
    line: Line | None = None
    trials_on_line: int = 0

    async def trial(self, seed: int) -> int:
        rng = Random(seed)  # noqa: S311  chance that can be repeated
        plan = schedule(rng, 3 * seed)
        line = await self._line()
        judge = Judge(self.reader, line.customer.tenant, self.theatre.clock.now(), self.network)
        fates = {case.peer: case.fate for case in plan.cases}
        office = self._open_office(judge, fates, rng)
        try:
            return await self._play(plan, line, judge, office)
        except (Broken, TimeoutError) as broken:
            arrivals = ", ".join(f"{letter.kind}×{letter.arrivals}" for letter in office.letters.values())
            raise Broken(f"{plan}\n{broken}\nArrived: {arrivals}") from broken

    async def _play(self, plan: Schedule, line: Line, judge: Judge, office: PostOffice) -> int:
        available, _ = await judge.money()
        await self._begin(plan, line)
        await self._end(plan, office, judge)
        cost = await judge.outcome(plan.cases, office, line.number_ids)
        left, held = await judge.money()
        if (left, held) != (available - cost, 0):
            raise Broken(
                f"{available} less {cost} must leave {available - cost} and 0 held; there are {left} and {held}."
            )
        await must_be_healthy(self.reader, line.customer.tenant.workspace_id, self.theatre.clock.now())
        await must_be_chained(self.process.services.db, line.customer.tenant)
        return sum(letter.arrivals for letter in office.letters.values())

    def _open_office(self, judge: Judge, fates: dict[str, Fate], rng: Random) -> PostOffice:
        def fate_of(body: dict[str, Any]) -> Fate | None:
            return fates.get(body["data"].get("to") or "") or fates.get(body["data"].get("from") or "")

        office = PostOffice(self.network, self.theatre.clock, self._receive, judge.forward_only, fate_of, rng)
        self.network.deliver = office.take
        return office

    async def _receive(self, request: RawRequest) -> None:
        await self.process.services.intake.receive("simulated", request)

    async def _begin(self, plan: Schedule, line: Line) -> None:
        self.network.faults = Faults(slow_answer=plan.slow_answers, lose_answer=plan.lost_answers)
        for case in plan.cases:
            if case.end_after_sec is not None:
                self.theatre.clock.call_later(case.end_after_sec, partial(self._hang_up, case, line))
        await self.theatre.run(_all_of([self._start(case, line) for case in plan.cases]))

    async def _start(self, case: Case, line: Line) -> None:
        place = 0 if case.hosted else 1
        number_id, number = line.number_ids[place], line.numbers[place]
        script = None if case.script is None else parse_script({"name": "peer", **case.script}, "peer")
        match case.kind:
            case Kind.RING if script is not None:
                self.network.place_scripted_call(case.peer, number, script)
            case Kind.RECEIVE:
                self.network.send_text(case.peer, number, case.words)
            case _:
                if script is not None:
                    self.network.add_party(case.peer, script)
                await self._contact(case, line.client, number_id)

    async def _contact(self, case: Case, client: Client, number_id: str) -> None:
        body: dict[str, Any] = {"fromNumberId": number_id, "to": case.peer}
        path = "/calls" if case.kind is Kind.DIAL else "/messages"
        answer = await client.post(path, body if case.kind is Kind.DIAL else {**body, "body": case.words})
        if answer.status != 201:
            raise Broken(f"{case}\nThe request was answered with {answer}.")

    async def _hang_up(self, case: Case, line: Line) -> None:
        for call in self.process.services.calls.live:
            if call.facts.peer == case.peer:
                await line.client.post(f"/calls/{call.facts.call_id}/end")

    async def _end(self, plan: Schedule, office: PostOffice, judge: Judge) -> None:
        """Until the network is at rest and everything has come that is to come; then until the books are closed."""
        await self.theatre.clock.advance_until(self._network_rests, 600)
        await self.theatre.wait(_ROUND_SEC)
        if any(case.fate.mode is Mode.AFTERWARDS or case.fate.copies > 1 for case in plan.cases):
            await self.theatre.run(office.bring_the_rest())
        self.network.faults = NO_FAULTS
        for _ in range(int(_PATIENCE_SEC / _ROUND_SEC)):
            if not await judge.under_way():
                return
            await self.theatre.run(self.process.worker.turn())
            await self.theatre.wait(_ROUND_SEC)

    async def _network_rests(self) -> bool:
        await self.theatre.idle()
        return not self.network.exchange.live_calls()

    async def _line(self) -> Line:
        if self.line is None or self.trials_on_line == _TRIALS_PER_WORKSPACE:
            self.line, self.trials_on_line = await self.theatre.run(self._new_line()), 0
        self.trials_on_line += 1
        return self.line

    async def _new_line(self) -> Line:
        self.network.deliver = self._receive
        self.network.faults = NO_FAULTS
        customer = await new_customer(self.process.services.db, "Acme", _CREDIT_CENTS)
        line = Line(customer, Client(self.process.app, customer.secret), [], [])
        for mode in ("hosted", "manual"):
            connection = await line.client.post("/connections", {"name": mode, "mode": mode})
            number = await line.client.post("/numbers", {})
            await line.client.post(f"/numbers/{number.body['id']}/connection", {"connectionId": connection.body["id"]})
            line.number_ids.append(number.body["id"])
            line.numbers.append(number.body["phoneNumber"])
        await self.process.worker.turn()
        return line


async def _all_of(works: list[Any]) -> None:
    await asyncio.gather(*works)


@asynccontextmanager
async def _open(ground: Ground) -> AsyncIterator[Trial]:
    async with ground.database() as dsn:
        clock, turnstile = VirtualClock(_START), Turnstile()
        network = Network(1, clock, id_prefix="verify", settings=NetworkSettings(log_entries=5_000))
        db = SteppedDatabase(dsn, clock, turnstile)
        process = await build(
            settings(consent_policy="opt_out_only"), dsn, clock, carrier=SimulatedCarrier(network), database=db
        )
        try:
            async with Reader.on(dsn, turnstile) as reader:
                yield Schedules(process, network, Theatre(clock, turnstile), reader).trial
        finally:
            await db.close()


EVENT_SCHEDULES = Proof(
    name="event-schedules",
    claim="A call or text ends the same in whatever order, how often and how late the carrier's news of it come",
    trial="schedule",
    share=1.0,
    open=_open,
)
