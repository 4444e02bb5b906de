"""The simulated network as a carrier behind the port."""

from __future__ import annotations

from collections.abc import Sequence

from saperly_carriers.events import SpeechListener
from saperly_carriers.records import (
    CallDirection,
    CallerNameKind,
    CallHandle,
    CallSnapshot,
    Capabilities,
    DialRequest,
    LiveCall,
    MediaOwner,
    NumberOffer,
    NumberOrder,
    NumberType,
    Op,
    RejectCause,
    Sender,
    SentMessage,
    SpeechConfig,
)
from saperly_carriers.simulated.desk import RequestDesk
from saperly_carriers.simulated.keypad import DTMF_ALPHABET
from saperly_carriers.simulated.magic import magic_of
from saperly_carriers.simulated.network import Network
from saperly_carriers.simulated.session import MAX_UTTERANCE_CHARS, SimulatedSpeechSession
from saperly_carriers.simulated.signing import SimulatedIntake

COMMAND_MEMORY_SEC = 60
MESSAGE_MEMORY_SEC = 86_400


class SimulatedCarrier:
    """Implements Carrier on a network in the same process."""

    def __init__(self, network: Network) -> None:
        self.name = "simulated"
        self.caps = _capabilities(network)
        self.numbers = SimulatedNumbers(network)
        self.messaging = SimulatedMessaging(network)
        self.calls = SimulatedCalls(network)
        self.intake = SimulatedIntake(network.signing_key)


def _capabilities(network: Network) -> Capabilities:
    return Capabilities(
        media=frozenset({MediaOwner.CARRIER_SPEECH}),
        stream_codecs=frozenset(),
        per_call_instructions=False,
        speech_done_event=True,
        uninterruptible_speech=True,
        transfer_pstn=True,
        transfer_sip=True,
        transfer_refer=False,
        machine_detection=True,
        call_time_limit=frozenset(CallDirection),
        cnam=CallerNameKind.LISTING,
        alpha_sender=True,
        delivery_receipts=True,
        carrier_opt_out=network.environment.settings.carrier_opt_out,
        tendlc=False,
        tendlc_push=False,
        async_number_order=True,
        command_idempotency_s=COMMAND_MEMORY_SEC,
        message_idempotency=True,
        max_utterance_chars=MAX_UTTERANCE_CHARS,
        dtmf_alphabet=DTMF_ALPHABET,
    )


class SimulatedNumbers:
    """Implements Numbers. Orders answer `active` as a rule; which stay pending or fail is told in `orders`."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._orders = RequestDesk(network.environment, remember_sec=None)
        self._commands = RequestDesk(network.environment, remember_sec=COMMAND_MEMORY_SEC)

    async def search(
        self, *, country: str, number_type: NumberType, area_code: str | None, need: frozenset[str], limit: int
    ) -> Sequence[NumberOffer]:
        return self._network.inventory.search(
            country=country, number_type=number_type, area_code=area_code, need=need, limit=limit
        )

    async def offer_of(self, e164: str) -> NumberOffer | None:
        return self._network.inventory.offer_of(e164)

    async def order(self, e164: str, op: Op) -> NumberOrder:
        latency = self._network.environment.settings.order_latency_sec
        return await self._orders.handle(
            "order", op, lambda: self._network.orders.order(e164, op.op_id, op.ref), latency_sec=latency
        )

    async def order_status(self, order_id: str) -> NumberOrder:
        return self._network.orders.status(order_id)

    async def find_order(self, op: Op) -> NumberOrder | None:
        return self._network.orders.find(op.op_id)

    async def route(self, number_id: str, *, voice: str | None, messaging: str | None, op: Op) -> None:
        await self._commands.handle("route", op, lambda: self._network.orders.route(number_id, voice, messaging))

    async def set_caller_name(self, number_id: str, name: str | None, op: Op) -> None:
        await self._commands.handle(
            "set_caller_name", op, lambda: self._network.orders.set_caller_name(number_id, name)
        )

    async def release(self, number_id: str, op: Op) -> None:
        await self._commands.handle("release", op, lambda: self._network.orders.release(number_id))


class SimulatedMessaging:
    """Implements Messaging."""

    def __init__(self, network: Network) -> None:
        self._messages = network.messages
        self._desk = RequestDesk(network.environment, remember_sec=MESSAGE_MEMORY_SEC)

    async def send(self, *, sender: Sender, to: str, text: str, op: Op, callback_url: str | None = None) -> SentMessage:
        return await self._desk.handle(
            "send", op, lambda: self._messages.send(sender, to, text, op), faults=magic_of(to).faults
        )

    async def lookup(self, message_id: str) -> SentMessage:
        return self._messages.lookup(message_id)

    async def find(self, op: Op) -> SentMessage | None:
        return self._messages.find(op.op_id)


class SimulatedCalls:
    """Implements Calls."""

    def __init__(self, network: Network) -> None:
        self._exchange = network.exchange
        self._desk = RequestDesk(network.environment, remember_sec=COMMAND_MEMORY_SEC)

    async def dial(self, req: DialRequest, op: Op) -> CallHandle:
        return await self._desk.handle("dial", op, lambda: self._exchange.dial(req, op), faults=magic_of(req.to).faults)

    async def answer(self, call: CallHandle, op: Op, *, time_limit_sec: float | None = None) -> None:
        await self._desk.handle("answer", op, lambda: self._exchange.answer(call, time_limit_sec))

    async def reject(self, call: CallHandle, cause: RejectCause, op: Op) -> None:
        await self._desk.handle("reject", op, lambda: self._exchange.reject(call, cause))

    async def hangup(self, call: CallHandle, op: Op) -> None:
        await self._desk.handle("hangup", op, lambda: self._exchange.hangup(call))

    async def transfer(self, call: CallHandle, to: str, *, caller_id: str | None, op: Op) -> None:
        await self._desk.handle(
            "transfer", op, lambda: self._exchange.transfer(call, to, caller_id), faults=magic_of(to).faults
        )

    async def send_dtmf(self, call: CallHandle, digits: str, op: Op) -> None:
        await self._desk.handle("send_dtmf", op, lambda: self._exchange.send_dtmf(call, digits))

    async def set_time_limit(self, call: CallHandle, seconds_from_answer: float, op: Op) -> None:
        await self._desk.handle("set_time_limit", op, lambda: self._exchange.set_time_limit(call, seconds_from_answer))

    async def status(self, call: CallHandle) -> CallSnapshot:
        return self._exchange.snapshot(call)

    async def find(self, op: Op) -> CallHandle | None:
        return self._exchange.find(op.op_id)

    async def find_live_calls(self) -> Sequence[LiveCall]:
        return self._exchange.live_calls()

    async def open_speech(
        self, call: CallHandle, cfg: SpeechConfig, listener: SpeechListener, op: Op
    ) -> SimulatedSpeechSession:
        return await self._desk.handle("open_speech", op, lambda: self._exchange.open_speech(call, cfg, listener))
