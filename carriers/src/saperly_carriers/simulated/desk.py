"""The counter where the platform's requests arrive: idempotency, faults of the connection, time to answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from saperly_carriers.errors import (
    CarrierOutcomeUnknown,
    CarrierProtocol,
    CarrierRateLimited,
    CarrierRejected,
)
from saperly_carriers.records import Op
from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.faults import NO_FAULTS, RATE_LIMIT_RETRY_AFTER_SEC, SLOW_ANSWER_SEC, Faults

T = TypeVar("T")

_MAX_INTENTS = 100_000


@dataclass(slots=True)
class _Intent:
    first_seen: datetime
    tries: int = 0
    done: bool = False
    result: object = None


class RequestDesk:
    """Takes requests. One that was done is not done again within `remember_sec` (None: ever), but answered
    with its first result; one that was refused is tried again."""

    def __init__(self, env: Environment, *, remember_sec: float | None) -> None:
        self._env = env
        self._remember_sec = remember_sec
        self._intents: OrderedDict[tuple[str, str], _Intent] = OrderedDict()

    async def handle(
        self,
        operation: str,
        op: Op,
        act: Callable[[], T],
        *,
        faults: Faults = NO_FAULTS,
        latency_sec: float | None = None,
    ) -> T:
        """Do `act` once and answer with what it gave.

        Raises:
            CarrierRejected: `act` refused.
            CarrierOutcomeUnknown: the answer did not come within the operation's deadline, or was a 500.
            CarrierRateLimited, CarrierProtocol: by the faults.
        """
        faults = faults.merged(self._env.faults)
        self._env.log.add("request", operation=operation, op_id=op.op_id, ref=op.ref)
        intent = self._intent(operation, op)
        self._refuse_by_fault(intent, faults)
        result = self._do(operation, op, intent, act)
        await self._answer(op, faults, latency_sec)
        return result

    def _intent(self, operation: str, op: Op) -> _Intent:
        self._forget_old()
        intent = self._intents.setdefault((operation, op.op_id), _Intent(self._env.clock.now()))
        intent.tries += 1
        return intent

    def _forget_old(self) -> None:
        now = self._env.clock.now()
        while self._intents:
            oldest = next(iter(self._intents.values()))
            expired = self._remember_sec is not None and (
                (now - oldest.first_seen).total_seconds() >= self._remember_sec
            )
            if not expired and len(self._intents) < _MAX_INTENTS:
                return
            self._intents.popitem(last=False)

    def _refuse_by_fault(self, intent: _Intent, faults: Faults) -> None:
        if faults.rate_limit_first and intent.tries == 1:
            raise CarrierRateLimited(RATE_LIMIT_RETRY_AFTER_SEC)
        if faults.fail_always or (faults.fail_first and intent.tries == 1):
            raise CarrierOutcomeUnknown("The carrier failed.", status=500)

    def _do(self, operation: str, op: Op, intent: _Intent, act: Callable[[], T]) -> T:
        if intent.done:
            return cast(T, intent.result)
        try:
            intent.result = result = act()
        except CarrierRejected as refusal:
            self._env.log.add("refused", operation=operation, op_id=op.op_id, reason=refusal.reason.value)
            raise
        intent.done = True
        return result

    async def _answer(self, op: Op, faults: Faults, latency_sec: float | None) -> None:
        latency = self._env.settings.command_latency_sec if latency_sec is None else latency_sec
        if faults.slow_answer:
            latency = max(latency, SLOW_ANSWER_SEC)
        if faults.lose_answer or latency > op.deadline_sec:
            await self._env.clock.sleep(op.deadline_sec)
            raise CarrierOutcomeUnknown("The carrier did not answer in time.")
        if latency > 0:
            await self._env.clock.sleep(latency)
        if faults.garble_answer:
            raise CarrierProtocol("The carrier sent an answer that cannot be read.", status=200)
