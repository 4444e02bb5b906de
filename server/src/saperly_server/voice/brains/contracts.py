"""What a brain is: it is told what happens in one call, and answers each event with one directive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from saperly_protocol import Directive, Event

from saperly_server.connections import Connection
from saperly_server.voice.engine import CallPlan, Direction
from saperly_server.voice.engine.effects import Refusal
from saperly_server.voice.engine.inputs import BrainFailed, BrainReplied

Tell = Callable[[BrainReplied | BrainFailed], Awaitable[None]]
"""Takes a brain's answer into its call, whenever it comes."""


class BrainUnreachable(Exception):
    """Nobody is there to answer. The request stays open until the hold line: somebody may still connect."""


class BrainFailing(Exception):
    """It is there, and gives no usable answer: a mistake of its author's, not of ours."""


@dataclass(frozen=True, slots=True)
class BrainCall:
    """The call a brain speaks on: who called whom, as whom it speaks, and what it may do besides talking.

    `transfer_targets` are E.164 numbers or SIP URIs; empty means that it may not transfer.
    """

    call_id: str
    connection_name: str
    instructions: str
    direction: Direction
    from_number: str
    to_number: str
    may_end_call: bool = True
    may_send_dtmf: bool = True
    transfer_targets: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: CallPlan, connection: Connection, instructions: str | None = None) -> BrainCall:
        """`instructions` are those of this call alone; None means the connection's own."""
        control = connection.call_control
        return cls(
            call_id=plan.call_id,
            connection_name=connection.name,
            instructions=connection.instructions if instructions is None else instructions,
            direction=plan.direction,
            from_number=plan.from_number,
            to_number=plan.to_number,
            may_end_call=control.end_call,
            may_send_dtmf=control.send_dtmf,
            transfer_targets=control.transfer.targets if control.transfer else (),
        )


class Brain(Protocol):
    """Thinks for one call. `open` comes first, `close` last."""

    async def open(self, call: BrainCall, tell: Tell) -> None:
        """`tell` takes the answers, until `close`."""
        ...

    async def ask(self, event: Event) -> None:
        """Something happened: the answer is told, before this returns or later.

        Raises BrainUnreachable when nobody is there now, BrainFailing when it gives no answer; anything else is a failure, too.
        """
        ...

    def refused(self, request_id: str, why: Refusal) -> None:
        """An answer had no effect."""
        ...

    async def close(self) -> None: ...


class Thinker(Protocol):
    """The simple kind of brain: it is asked, and returns its answer."""

    async def open(self, call: BrainCall) -> None: ...

    async def on_event(self, event: Event) -> Directive:
        """The answer to an event. Whatever is raised is a failure."""
        ...

    async def close(self) -> None: ...
