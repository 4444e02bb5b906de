"""Calls of which the network says nothing: it is asked, because what it said may have been lost on the way."""

from __future__ import annotations

from datetime import timedelta

import structlog
from saperly_carriers.port import CallState, CarrierError

from .engine import Phase, inputs
from .runtime import LiveCall
from .switchboard import Switchboard

_logger = structlog.get_logger(__name__)
SILENT_AFTER = timedelta(seconds=10)
"""Nobody who has answered should have to listen to silence for longer; most calls are answered sooner."""
FORGOTTEN_AFTER = timedelta(minutes=2)
"""Longer than any call rings: one that the network does not know by then never was, or is long over."""


async def ask_about_silent(board: Switchboard) -> int:
    """Ask about every live call that is still waiting for its answer after a while; how many there were."""
    now = board.clock.now()
    waiting = [call for call in board.live if call.state.phase is Phase.WAITING and call.handle is not None]
    silent = [call for call in waiting if now - call.began_at >= SILENT_AFTER]
    for call in silent:
        try:
            await _ask(board, call)
        except CarrierError as error:
            _logger.warning("carrier does not tell about a call", call_id=call.facts.call_id, code=error.code)
    return len(silent)


async def _ask(board: Switchboard, call: LiveCall) -> None:
    snapshot = await call.ask_carrier()
    now = board.clock.now()
    if snapshot.state is CallState.UNKNOWN and now - call.began_at >= FORGOTTEN_AFTER:
        await call.feed(inputs.OwnerLost(now))
