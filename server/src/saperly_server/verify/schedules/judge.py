"""Comparing what a trial left in the tables with what the reference says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from saperly_carriers.simulated import Network

from saperly_server.core.db import Tenant
from saperly_server.verify.contracts import Broken
from saperly_server.verify.simulation.stepped import Reader

from .cases import Case, Kind
from .expected import SMS_CENTS_PER_SEGMENT, CallEnd, call_cents, call_end, message_ends, reply_end
from .post_office import Letter, PostOffice

UNTOLD_SEC = 30
"""How far the books of a call may be from the truth when the carrier never said that it ended."""
_RANKS = {"initiated": 0, "queued": 0, "received": 0, "sent": 1}
_ENDED = 2
_ROWS = """
select 'call' as kind, id, status, duration_sec, cost_cents, carrier_call_id as carrier_id, ended_at,
       case direction when 'inbound' then from_number else to_number end as peer, direction, '' as purpose, 1 as segments
from calls where workspace_id = $1 and created_at >= $2
union all
select 'message', id, status, null, cost_cents, carrier_message_id, finalized_at,
       case direction when 'inbound' then from_number else to_number end, direction, purpose, segments
from messages where workspace_id = $1 and created_at >= $2
"""
_TOLD = """
select coalesce(payload->>'callId', payload->>'messageId') as id, event_type, count(*) as times
from events where workspace_id = $1 and created_at >= $2 group by 1, 2
"""
_MONEY = "select available_cents, held_cents from accounts where workspace_id = $1 and environment = $2"
_STATE = "select compliance_state($1, $2, $3, $4)"


@dataclass(slots=True)
class Judge:
    """Watches one trial, in the workspace and from the instant on that it was made with."""

    reader: Reader
    tenant: Tenant
    since: datetime
    network: Network
    seen: dict[str, tuple[str, int | None, int | None]] = field(default_factory=dict)

    async def rows(self) -> list[Any]:
        return await self.reader.rows(_ROWS, self.tenant.workspace_id, self.since)

    async def money(self) -> tuple[int, int]:
        (row,) = await self.reader.rows(_MONEY, self.tenant.workspace_id, self.tenant.environment)
        return row["available_cents"], row["held_cents"]

    async def forward_only(self, letter: Letter) -> None:
        """C-1, M-1: no state goes back, and what has ended stays as it was."""
        for row in await self.rows():
            now = (row["status"], row["duration_sec"], row["cost_cents"])
            before = self.seen.get(row["id"], now)
            if _went_back(before, now, final=row["kind"] == "call"):
                raise Broken(f"{letter.kind} turned {row['id']} from {before} into {now}.")
            self.seen[row["id"]] = now

    async def under_way(self) -> bool:
        """Is something still open that has to end?"""
        return (
            any(row["status"] in ("initiated", "queued") for row in await self.rows()) or (await self.money())[1] != 0
        )

    async def outcome(self, cases: Sequence[Case], office: PostOffice, numbers: Sequence[str]) -> int:
        """Compare every case with the reference; what all of them have to cost."""
        rows = await self.rows()
        told = await self.reader.rows(_TOLD, self.tenant.workspace_id, self.since)
        times = {(row["id"], row["event_type"]): row["times"] for row in told}
        cost = 0
        for case in cases:
            own = [row for row in rows if row["peer"] == case.peer]
            match case.kind:
                case Kind.DIAL | Kind.RING:
                    cost += self._call(case, own, office, times)
                case Kind.SEND:
                    cost += self._sent(case, own, office, times)
                case Kind.RECEIVE:
                    await self._received(case, own, numbers)
        return cost

    def _call(self, case: Case, rows: list[Any], office: PostOffice, times: dict[Any, int]) -> int:
        calls = [row for row in rows if row["kind"] == "call"]
        _require(len(calls) == 1, case, f"there are {len(calls)} calls")
        (call,) = calls
        dials = self.network.log.of("call", call_id=call["carrier_id"])
        _require(len(dials) == 1, case, f"the network knows {len(dials)} of this call")
        told = sum(times.get((call["id"], kind), 0) for kind in ("call.completed", "call.failed"))
        _require(told == 1, case, f"its end was told {told} times (C-7)")
        found = CallEnd(call["status"], call["duration_sec"], call["cost_cents"])
        news = [letter.news for letter in office.of(call["carrier_id"])]
        truth = call_end(
            [letter.news for letter in office.letters.values() if letter.subject == call["carrier_id"]],
            hosted=case.hosted,
        )
        if any(one.kind == "call.ended" for one in news):
            _require(found == truth, case, f"it ended as {found}, and had to end as {truth} (C-2)")
        else:
            _require(_is_near(found, truth, hosted=case.hosted), case, f"it ended as {found}; the truth is {truth}")
        return found.cost_cents

    def _sent(self, case: Case, rows: list[Any], office: PostOffice, times: dict[Any, int]) -> int:
        texts = [row for row in rows if row["kind"] == "message" and row["direction"] == "outbound"]
        _require(len(texts) == 1, case, f"there are {len(texts)} texts")
        (text,) = texts
        sends = self.network.log.of("text", message_id=text["carrier_id"])
        _require(len(sends) == 1, case, f"the network knows {len(sends)} of this text (M-2)")
        ends = message_ends([letter.news for letter in office.of(text["carrier_id"])])
        _require(
            text["status"] in ends, case, f"it ended as {text['status']}, and had to end as {' or '.join(ends)} (M-1)"
        )
        _require(times.get((text["id"], "message.sent")) == 1, case, "that it was sent was not told once")
        _require(times.get((text["id"], "message.finalized"), 0) <= 1, case, "its end was told twice")
        cents = SMS_CENTS_PER_SEGMENT * text["segments"]
        _require(text["cost_cents"] == cents, case, f"it cost {text['cost_cents']}, and had to cost {cents} (M-4)")
        return int(cents)

    async def _received(self, case: Case, rows: list[Any], numbers: Sequence[str]) -> None:
        inbound = [row for row in rows if row["direction"] == "inbound"]
        _require(len(inbound) == 1, case, f"it is stored {len(inbound)} times (M-5)")
        end = reply_end(case.words)
        replies = tuple(row["purpose"] for row in rows if row["direction"] == "outbound")
        _require(
            replies == end.purposes, case, f"it was answered by {replies}, and had to be by {end.purposes} (M-5, S-4)"
        )
        arrived = len(self.network.log.of("text", to=case.peer))
        _require(arrived == len(end.purposes), case, f"the network was given {arrived} replies")
        number = numbers[0 if case.hosted else 1]
        state = await self.reader.value(_STATE, self.tenant.workspace_id, self.tenant.environment, number, case.peer)
        _require(state == end.state, case, f"consent is {state}, and had to be {end.state}")


def _went_back(before: tuple[Any, ...], now: tuple[Any, ...], *, final: bool) -> bool:
    was, became = (_RANKS.get(state, _ENDED) for state in (before[0], now[0]))
    return became < was or (was == _ENDED and (now != before if final else now[0] != before[0]))


def _is_near(found: CallEnd, truth: CallEnd, *, hosted: bool) -> bool:
    """Nobody said that it ended: never less than what was measured, and not much more; unanswered stays free."""
    if truth.status != "completed":
        return found.status in ("no_answer", "failed") and found.cost_cents == 0
    if found.status != "completed":
        return False
    late = found.duration_sec - truth.duration_sec
    return 0 <= late <= UNTOLD_SEC and found.cost_cents == call_cents(found.duration_sec, hosted=hosted)


def _require(holds: bool, case: Case, problem: str) -> None:
    if not holds:
        raise Broken(f"{case}\n{problem}.")
