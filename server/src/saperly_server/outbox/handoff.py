"""Carrying out an intent at a carrier, once.

A definite no and a definite yes end it. When the outcome is unknown the carrier is asked what it has under the operation's
id; only when it has nothing, and knows our ids, is the request repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from saperly_carriers.clock import Clock
from saperly_carriers.port import (
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierRateLimited,
    CarrierRejected,
    CarrierUnavailable,
    RejectReason,
)

from .operations import Operation

R = TypeVar("R")
_logger = structlog.get_logger(__name__)
_TRIES = 3
_PAUSE_SEC = 0.25
_LAST_TRY_WITHIN = timedelta(seconds=15)
"""A try takes up to ten seconds. None begins so late that it could outlast the lease: somebody else may try by then."""


class Unresolved(Exception):
    """It cannot be said yet whether it happened: take it up again later."""

    def __init__(self, retry_after_sec: float, cause: CarrierError) -> None:
        super().__init__(str(cause))
        self.retry_after_sec = retry_after_sec
        self.cause = cause


async def carry_out(
    clock: Clock,
    operation: Operation,
    send: Callable[[], Awaitable[R]],
    find: Callable[[], Awaitable[R | None]],
    *,
    repeatable: bool,
    is_withdrawn: Callable[[], Awaitable[bool]] | None = None,
) -> R:
    """The carrier's yes. Time has passed since the gate when a request is repeated: one whose recipient has opted out
    meanwhile, as `is_withdrawn` tells, is not.

    Raises the carrier's definite no (CarrierRejected and the like; also its failure, when it has answered three times
    that it failed and says it has nothing), or Unresolved.
    """
    if operation.attempts:
        found = await _look_up(find)
        if found is not None:
            return found
    began = clock.now()
    for attempt in range(1, _TRIES + 1):
        try:
            return await send()
        except CarrierError as error:
            found = await _look_up(find) if isinstance(error, CarrierOutcomeUnknown) else None
            if found is not None:
                return found
            await clock.sleep(_pause(error, attempt, repeatable=repeatable))
            if clock.now() - began > _LAST_TRY_WITHIN:
                raise Unresolved(5, error) from error
            if is_withdrawn is not None and await is_withdrawn():
                raise CarrierRejected(RejectReason.OPTED_OUT, "The recipient has opted out.") from error
    raise AssertionError("the last try returns or raises")


def _pause(error: CarrierError, attempt: int, *, repeatable: bool) -> float:
    """Seconds to wait before the next try. Raises when there is none: a definite no, or for a later time."""
    if isinstance(error, CarrierRateLimited):
        if error.retry_after_sec > _TRIES or attempt == _TRIES:
            raise Unresolved(error.retry_after_sec, error)
        return error.retry_after_sec
    if isinstance(error, CarrierUnavailable) and attempt == _TRIES:
        raise Unresolved(5, error)
    if isinstance(error, CarrierOutcomeUnknown) and not repeatable:
        raise Unresolved(30, error)
    if not isinstance(error, CarrierUnavailable | CarrierOutcomeUnknown) or attempt == _TRIES:
        raise error
    return _PAUSE_SEC * 2.0**attempt


async def _look_up(find: Callable[[], Awaitable[R | None]]) -> R | None:
    try:
        return await find()
    except CarrierError as error:
        raise Unresolved(5, error) from error


async def wait_at_most(clock: Clock, task: asyncio.Task[R], seconds: float) -> bool:
    """True when the task ended within `seconds` of the clock; it goes on otherwise, and nobody waits for its end."""
    timeout = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timeout}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timeout.cancel()
    if not task.done():
        task.add_done_callback(_told_to_nobody)
    return task.done()


def _told_to_nobody(task: asyncio.Task[Any]) -> None:
    """How it ended is on the record."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _logger.info("hand-off failed after the answer to its request", error=f"{type(error).__name__}: {error}")
