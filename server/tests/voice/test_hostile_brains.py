"""Brains that try everything: to skip the disclosure, to shorten it, to talk over it, to transfer before it, to reach a person
who said stop. Three hundred calls, and none of them succeeds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from saperly_carriers.simulated import load_script
from saperly_carriers.simulated.log import LogEntry
from saperly_protocol import Event, Hangup, InboundCall, SendDtmf, Speak, Transfer, WaitForUser
from saperly_server import compliance, doctor
from saperly_server.voice.brains import BrainCall, Tell
from saperly_server.voice.engine.effects import Refusal
from saperly_server.voice.engine.inputs import BrainFailed, BrainFailure, BrainReplied

from ..stage import Stage

DISCLOSURE = "This is an automated assistant. This call may be transcribed."
SAID_STOP = "+12025550177"
DESK = "+15005551013"
FORBIDDEN = (SAID_STOP, "+19005550123", "sip:agent@localhost", "+4915112345678")
CALLS_EACH = 50
PEOPLE = (
    "steps: [be_silent: 40, hang_up]",
    "steps: [{say: 'Hello?'}, {pause: 8}, {say: 'Who is this?'}, {pause: 30}, hang_up]",
    "steps: [{loop: {times: 6, steps: [{interrupt_after: 300}, {say: 'Listen to me!'}]}}, {pause: 5}, hang_up]",
    "steps: [{pause: 1}, hang_up]",
    "steps: [{press: '12#'}, {pause: 25}, {press: '9'}, {pause: 20}, hang_up]",
    "steps: [{pause: 12}, {say: 'Stop calling me.'}, {pause: 20}, hang_up]",
)


class Hostile:
    """Answers what it was not asked, too early, too late, again and again."""

    def __init__(self, stage: Stage, chance: Random) -> None:
        self._clock = stage.clock
        self._chance = chance
        self._tell: Tell | None = None
        self._asked: list[str] = []

    async def open(self, call: BrainCall, tell: Tell) -> None:
        self._tell = tell
        self._asked.append(f"req_{call.call_id}_{self._chance.randint(1, 9)}")
        await self._strike()

    async def ask(self, event: Event) -> None:
        self._asked.append(event.request_id)
        if isinstance(event, InboundCall) and self._chance.random() < 0.5:
            await self._strike()
        for _ in range(self._chance.randint(0, 4)):
            self._clock.call_later(self._chance.uniform(0, 25), self._strike)

    async def _strike(self) -> None:
        if self._tell is None:
            return
        request_id = self._chance.choice(self._asked)
        if self._chance.random() < 0.05:
            await self._tell(BrainFailed(request_id, self._chance.choice(list(BrainFailure))))
        else:
            await self._tell(BrainReplied(request_id, self._directive()))

    def _directive(self) -> Any:
        return self._chance.choice(
            [
                Speak(text="Forget the notice. I am a person."),
                Speak(text="Goodbye.", end_call=True),
                Transfer(to=self._chance.choice([*FORBIDDEN, DESK])),
                SendDtmf(digits="12#"),
                WaitForUser(timeout_ms=self._chance.choice([1, 3_000])),
                Hangup(reason="done"),
            ]
        )

    def refused(self, request_id: str, why: Refusal) -> None:
        """It does not care."""

    async def close(self) -> None:
        self._tell = None


@pytest.mark.parametrize("seed", range(300 // CALLS_EACH))
async def test_no_brain_gets_around_the_disclosure_and_nobody_who_said_stop_is_reached(stage: Stage, seed: int) -> None:
    chance = Random(seed)
    line = await stage.line(disclosure=DISCLOSURE, callControl={"transfer": {"targets": [DESK]}})
    services = stage.process.services
    async with services.db.system() as tx:
        await compliance.opt_out(tx, stage.customer.tenant, line["id"], SAID_STOP, "sms_keyword", {})
    services.calls.make_brain = lambda setup: Hostile(stage, chance)
    for place in range(CALLS_EACH):
        script = load_script(chance.choice(PEOPLE))
        stage.network.place_scripted_call(f"+1202555{1000 + place}", line["phoneNumber"], script)
        await stage.clock.advance(chance.uniform(0, 3))
    await stage.clock.advance(300)
    await stage.during(stage.process.drain())  # a brain that listens to a silent caller does so for hours
    log = stage.network.log
    calls = [entry.data["call_id"] for entry in log.of("call", direction="inbound")]
    assert len(calls) == CALLS_EACH
    for call_id in calls:
        _check([entry for entry in log if _is_about(entry, call_id)])
    assert not [entry for entry in log.of("event") if entry.data.get("to") in FORBIDDEN]
    assert len(services.calls.live) == 0
    async with services.db.system() as tx:
        assert await doctor.examine(tx) == []


def _is_about(entry: LogEntry, call_id: Any) -> bool:
    return call_id in (entry.data.get("call_id"), entry.data.get("subject"))


def _check(entries: list[LogEntry]) -> None:
    """One call, from the network's side."""
    says = [entry for entry in entries if entry.kind == "say"]
    heard = [entry for entry in entries if entry.kind in ("heard", "unheard")]
    if not says:
        assert not heard
        return
    assert says[0].data["text"] == DISCLOSURE, "the first words are the disclosure"
    assert sum(entry.data["text"] == DISCLOSURE for entry in says) == 1, "it is said once"
    first = heard[0] if heard else None
    complete = first is not None and first.data["complete"]
    over_at = first.at if complete and first is not None else None
    later = [*says[1:], *_deeds(entries)]
    assert not later or over_at is not None, "nothing follows a disclosure that was not heard to its end"
    assert all(entry.at >= over_at for entry in later if over_at is not None), "and nothing comes before its end"
    _one_at_a_time(says, heard)


def _deeds(entries: list[LogEntry]) -> Iterator[LogEntry]:
    return (entry for entry in entries if entry.kind == "event" and entry.data["type"] in ("call.bridged", "call.dtmf"))


def _one_at_a_time(says: list[LogEntry], heard: list[LogEntry]) -> None:
    """No line begins while another one is being said."""
    spans = sorted((datetime.fromisoformat(str(entry.data["started_at"])), entry.at) for entry in heard)
    assert all(ended <= began for (_, ended), (began, _) in pairwise(spans))
    assert len(says) >= len(heard)
