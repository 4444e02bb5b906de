"""The network process: the simulated network behind a socket, for servers that come and go.

It brings its events to whichever server is connected, again and again until one has taken them, as carriers do. Its log is
the evidence of a trial.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from saperly_carriers.port import (
    CarrierRejected,
    CarrierUnavailable,
    RawRequest,
    RejectReason,
    SpeechEvent,
    SpeechSession,
)
from saperly_carriers.simulated import Network, NetworkSettings, SimulatedCarrier
from saperly_carriers.simulated.script import BeSilent, HangUp, Say, Script

from .haste import Epoch, HastyClock
from .wire import Gone, Link

_RETRY_SEC = (0.02, 0.05, 0.1, 0.2, 0.4)
_SIGNATURE_GOOD_FOR = timedelta(seconds=200)
_PARTS = ("numbers", "messaging", "calls")


@dataclass(frozen=True, slots=True)
class NetworkArguments:
    """`socket` is where servers and the harness connect; `rented` the numbers that the platform has from before."""

    socket: str
    seed: int
    epoch: Epoch
    rented: tuple[str, ...]


class NetworkProcess:
    """One network and the links to it. The latest server that connected gets the events."""

    def __init__(self, arguments: NetworkArguments) -> None:
        self._clock = HastyClock(arguments.epoch)
        prefix = f"net{arguments.seed}"
        self._network = Network(arguments.seed, self._clock, self._deliver, id_prefix=prefix, settings=_SETTINGS)
        self._carrier = SimulatedCarrier(self._network)
        self._rented = arguments.rented
        self._sessions: dict[int, SpeechSession] = {}
        self._server: Link | None = None

    async def prepare(self) -> None:
        """The numbers that are rented already lead to the platform."""
        for e164 in self._rented:
            self._network.orders.route(self._network.seize(e164), "saperly", "saperly")

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link: Link

        async def handle(name: str, *args: Any) -> Any:
            return await getattr(self, f"do_{name}")(link, *args)

        link = Link(reader, writer, handle)

    # -- what a server asks --------------------------------------------------------------------------------

    async def do_connect(self, link: Link) -> tuple[Any, bytes]:
        """A server begins: what the carrier can do, and the key that its events are signed with."""
        return self._carrier.caps, self._network.signing_key

    async def do_take_events(self, link: Link) -> None:
        self._server = link

    async def do_carrier(self, link: Link, part: str, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        assert part in _PARTS
        return await getattr(getattr(self._carrier, part), method)(*args, **kwargs)

    async def do_open_speech(self, link: Link, session: int, call: Any, config: Any, op: Any) -> None:
        async def listen(event: SpeechEvent) -> None:
            if not link.over.is_set():
                link.tell("heard", session, event)

        self._sessions[session] = await self._carrier.calls.open_speech(call, config, listen, op)

    async def do_speech(
        self, link: Link, session: int, method: str, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> None:
        if session not in self._sessions:
            raise CarrierRejected(RejectReason.NOT_FOUND)
        await getattr(self._sessions[session], method)(*args, **kwargs)

    # -- what the harness asks -----------------------------------------------------------------------------

    async def do_log(self, link: Link) -> list[tuple[str, dict[str, Any]]]:
        """The evidence: everything that was asked, happened and was heard, in order."""
        return [(entry.kind, dict(entry.data)) for entry in self._network.log]

    async def do_rented(self, link: Link) -> list[str]:
        """The numbers that lead to the platform."""
        taken = self._network.inventory
        known = {str(entry.data["e164"]) for entry in self._network.log.of("event", type="number.order")}
        return sorted(e164 for e164 in {*known, *self._rented} if taken.in_use(e164) is not None)

    async def do_live_calls(self, link: Link) -> int:
        return len(self._network.exchange.live_calls())

    async def do_text(self, link: Link, from_number: str, to: str, body: str) -> None:
        self._network.send_text(from_number, to, body)

    async def do_call(self, link: Link, from_number: str, to: str, lines: Sequence[str]) -> None:
        """Somebody calls, says these lines, each when we are silent, and hangs up."""
        said = tuple(Say(line, polite=True) for line in lines)
        self._network.place_scripted_call(from_number, to, Script((*said, BeSilent(3.0), HangUp())))

    # -- events --------------------------------------------------------------------------------------------

    async def _deliver(self, request: RawRequest) -> None:
        """Until a server has taken it. What was taken without our hearing of it is brought a second time.

        Raises CarrierUnavailable before its signature is too old: the network then signs it anew.
        """
        signed = self._clock.now()
        for tries in itertools.count():
            if await self._taken(request):
                return
            if self._clock.now() - signed > _SIGNATURE_GOOD_FOR:
                raise CarrierUnavailable("Nobody took it.")
            await asyncio.sleep(_RETRY_SEC[min(tries, len(_RETRY_SEC) - 1)])

    async def _taken(self, request: RawRequest) -> bool:
        server = self._server
        if server is None or server.over.is_set():
            return False
        try:
            await server.ask("event", replace(request, received_at=self._clock.now()))
        except Exception as error:
            self._network.log.add("refused_delivery", error=type(error).__name__, away=isinstance(error, Gone))
            return False
        return True


_SETTINGS = NetworkSettings(log_entries=None)


async def run(arguments: NetworkArguments) -> None:
    """Be the network until the process is killed."""
    network = NetworkProcess(arguments)
    await network.prepare()
    server = await asyncio.start_unix_server(network.accept, arguments.socket)
    async with server:
        await server.serve_forever()
