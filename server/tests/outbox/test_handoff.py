"""One intent, one effect at the carrier, whatever the carrier answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_carriers.port import (
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierRateLimited,
    CarrierRejected,
    CarrierUnavailable,
    RejectReason,
)
from saperly_server.core.db import Tenant
from saperly_server.outbox import Operation, Unresolved, carry_out

OPERATION = Operation("op_1", Tenant("ws_1", "test"), "message.send", "msg_1")


class Line:
    """A carrier that answers by a list, and remembers what it took."""

    def __init__(self, answers: Iterable[CarrierError | str], found: Iterable[str | CarrierError | None] = ()) -> None:
        self.answers = iter(answers)
        self.found = iter(found)
        self.sent = 0

    async def send(self) -> str:
        self.sent += 1
        answer = next(self.answers)
        if isinstance(answer, CarrierError):
            raise answer
        return answer

    async def find(self) -> str | None:
        answer = next(self.found, None)
        if isinstance(answer, CarrierError):
            raise answer
        return answer


async def hand_off(line: Line, operation: Operation = OPERATION, *, repeatable: bool = True) -> str:
    clock = VirtualClock(datetime(2026, 6, 18, tzinfo=UTC))
    return await clock.run(carry_out(clock, operation, line.send, line.find, repeatable=repeatable))


async def test_a_plain_yes_is_sent_once() -> None:
    line = Line(["yes"])
    assert await hand_off(line) == "yes"
    assert line.sent == 1


async def test_a_definite_no_is_not_repeated() -> None:
    line = Line([CarrierRejected(RejectReason.GEO)])
    with pytest.raises(CarrierRejected):
        await hand_off(line)
    assert line.sent == 1


async def test_an_unknown_outcome_that_happened_is_found_and_not_repeated() -> None:
    line = Line([CarrierOutcomeUnknown("timeout")], found=["happened"])
    assert await hand_off(line) == "happened"
    assert line.sent == 1


async def test_an_unknown_outcome_that_did_not_happen_is_repeated_where_the_carrier_knows_our_ids() -> None:
    line = Line([CarrierOutcomeUnknown("500"), "yes"])
    assert await hand_off(line) == "yes"
    assert line.sent == 2


async def test_an_unknown_outcome_is_never_repeated_blindly() -> None:
    line = Line([CarrierOutcomeUnknown("500"), "yes"])
    with pytest.raises(Unresolved):
        await hand_off(line, repeatable=False)
    assert line.sent == 1


async def test_three_failures_with_nothing_found_are_a_failure() -> None:
    line = Line([CarrierOutcomeUnknown("500")] * 3)
    with pytest.raises(CarrierOutcomeUnknown):
        await hand_off(line)
    assert line.sent == 3


async def test_a_short_wait_that_the_carrier_asks_for_is_waited_here() -> None:
    line = Line([CarrierRateLimited(1), "yes"])
    assert await hand_off(line) == "yes"


async def test_a_long_wait_is_left_to_a_worker() -> None:
    with pytest.raises(Unresolved) as raised:
        await hand_off(Line([CarrierRateLimited(60)]))
    assert raised.value.retry_after_sec == 60


async def test_a_carrier_that_is_away_is_tried_again_later() -> None:
    line = Line([CarrierUnavailable("no route")] * 3)
    with pytest.raises(Unresolved):
        await hand_off(line)
    assert line.sent == 3


async def test_an_operation_taken_over_is_looked_up_before_it_is_sent() -> None:
    line = Line(["again"], found=["happened"])
    taken_over = Operation("op_1", Tenant("ws_1", "test"), "message.send", "msg_1", attempts=1)
    assert await hand_off(line, taken_over) == "happened"
    assert line.sent == 0


async def test_a_look_up_that_fails_leaves_the_question_open() -> None:
    line = Line([CarrierOutcomeUnknown("cut")], found=[CarrierUnavailable("away")])
    with pytest.raises(Unresolved):
        await hand_off(line)
    assert line.sent == 1
