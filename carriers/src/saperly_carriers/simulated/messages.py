"""Texts: from the platform to people, with receipts as on a real network, and from people to the platform."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.events import EventKind, MessageStatus
from saperly_carriers.records import Op, Sender, SentMessage
from saperly_carriers.simulated.environment import Environment, Subject
from saperly_carriers.simulated.faults import LATE_EVENT_SEC
from saperly_carriers.simulated.inboxes import Inboxes
from saperly_carriers.simulated.inventory import Inventory, features
from saperly_carriers.simulated.magic import FINAL_AFTER_SEC, REPLY_AFTER_SEC, Magic, magic_of
from saperly_carriers.simulated.numbering import find_fictional, is_e164
from saperly_carriers.simulated.opt_out import OptOuts, opt_out_word
from saperly_carriers.simulated.segments import encoding, segments

MAX_TEXT_CHARS = 1600
SMS_MICROS_PER_SEGMENT = 4_000
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", re.ASCII)
_FINAL = frozenset({MessageStatus.DELIVERED, MessageStatus.FAILED, MessageStatus.UNCONFIRMED})


class NotInService(Exception):
    """Nobody takes texts at this number."""


@dataclass(slots=True)
class _Message:
    message_id: str
    sender: Sender
    to: str
    text: str
    op: Op
    status: MessageStatus = MessageStatus.QUEUED
    error: str | None = None

    @property
    def shown_sender(self) -> str:
        return self.sender.alphanumeric or self.sender.number

    def as_sent(self) -> SentMessage:
        count = segments(self.text)
        return SentMessage(self.message_id, self.status, count, count * SMS_MICROS_PER_SEGMENT, self.error)


class MessageCenter:
    """All texts of the platform; the latest can be looked up."""

    def __init__(self, env: Environment, inventory: Inventory, inboxes: Inboxes) -> None:
        self._env = env
        self._inventory = inventory
        self._inboxes = inboxes
        self._opt_outs = OptOuts()
        self._messages: OrderedDict[str, _Message] = OrderedDict()
        self._by_op: dict[str, str] = {}

    # -- from the platform ---------------------------------------------------------------------------------

    def send(self, sender: Sender, to: str, text: str, op: Op) -> SentMessage:
        """Take a text for delivery.

        Raises:
            CarrierRejected: sender, invalid_number, invalid_value, opted_out, or what the number's habit is.
        """
        self._check_sender(sender, to)
        if not is_e164(to):
            raise CarrierRejected(RejectReason.INVALID_NUMBER, "This is not a telephone number.")
        if not 1 <= len(text) <= MAX_TEXT_CHARS:
            raise CarrierRejected(RejectReason.INVALID_VALUE, f"A text has 1 to {MAX_TEXT_CHARS} characters.")
        magic = magic_of(to)
        if magic.text.refusal is not None:
            raise magic.text.refusal.error()
        if self._opt_outs.blocked(sender.number, to):
            raise CarrierRejected(RejectReason.OPTED_OUT, "The recipient has opted out.")
        message = _Message(self._env.ids.message(), sender, to, text, op)
        self._keep(message)
        self._schedule(message, magic)
        return message.as_sent()

    def _check_sender(self, sender: Sender, to: str) -> None:
        number = find_fictional(sender.number)
        if number is None or self._inventory.in_use(sender.number) is None:
            raise CarrierRejected(RejectReason.SENDER, "Texts can only be sent from your own numbers.")
        if "sms" not in features(*number):
            raise CarrierRejected(RejectReason.SENDER, "This number cannot send texts.")
        if sender.alphanumeric is None:
            return
        if not _ALPHANUMERIC.fullmatch(sender.alphanumeric):
            raise CarrierRejected(
                RejectReason.SENDER,
                "A sender name has 1 to 11 letters, digits and spaces, one letter at least.",
            )
        if to.startswith("+1"):
            raise CarrierRejected(RejectReason.SENDER, "Sender names do not work in North America.")

    def _keep(self, message: _Message) -> None:
        self._messages[message.message_id] = message
        self._by_op[message.op.op_id] = message.message_id
        self._env.log.add(
            "text", message_id=message.message_id, sender=message.shown_sender, to=message.to, text=message.text
        )
        if len(self._messages) > self._env.settings.messages_kept:
            _, forgotten = self._messages.popitem(last=False)
            self._by_op.pop(forgotten.op.op_id, None)

    def _schedule(self, message: _Message, magic: Magic) -> None:
        if magic.text.arrives:
            self._env.later(FINAL_AFTER_SEC, partial(self._arrive, message, magic.text.reply))
        for after_sec, status, error in magic.text.receipts:
            self._env.later(after_sec, partial(self._progress, message, status, error))
        final = magic.text.receipts[-1]
        if final[1] in _FINAL and magic.faults.merged(self._env.faults).late_event:
            self._env.later(final[0] + LATE_EVENT_SEC, partial(self._change_mind, message))

    def _arrive(self, message: _Message, reply: str | None) -> None:
        if self._inventory.in_use(message.to) is not None:
            self._bring(message.shown_sender, message.to, message.text)
            return
        self._inboxes.put(message.shown_sender, message.to, message.text)
        if reply is not None and message.sender.alphanumeric is None:
            answer = reply.replace("{text}", message.text)
            self._env.later(REPLY_AFTER_SEC, partial(self._reply, message, answer))

    def _reply(self, message: _Message, answer: str) -> None:
        self._bring(message.to, message.sender.number, answer)

    def _progress(self, message: _Message, status: MessageStatus, error: str | None) -> None:
        message.status, message.error = status, error
        self._report(message)

    def _change_mind(self, message: _Message) -> None:
        failed = message.status is not MessageStatus.FAILED
        status = MessageStatus.FAILED if failed else MessageStatus.DELIVERED
        self._progress(message, status, "late_failure" if failed else None)

    def _report(self, message: _Message) -> None:
        sent = message.as_sent()
        data = {
            "status": sent.status.value,
            "from": message.shown_sender,
            "to": message.to,
            "error": sent.error,
            "segments": sent.segments,
            "cost_micros": sent.cost_micros,
        }
        subject = Subject("message_id", message.message_id, message.op.ref)
        self._env.emit(subject, EventKind.MESSAGE_STATUS, data, faults=magic_of(message.to).faults)

    def lookup(self, message_id: str) -> SentMessage:
        if message_id not in self._messages:
            raise CarrierRejected(RejectReason.NOT_FOUND, "There is no such message.", status=404)
        return self._messages[message_id].as_sent()

    def find(self, op_id: str) -> SentMessage | None:
        message_id = self._by_op.get(op_id)
        return self._messages[message_id].as_sent() if message_id else None

    # -- to the platform -----------------------------------------------------------------------------------

    def receive(self, from_number: str, to: str, text: str) -> None:
        """A person texts one of the platform's numbers. Raises NotInService."""
        if not self._bring(from_number, to, text):
            raise NotInService(to)

    def _bring(self, from_number: str, to: str, text: str) -> bool:
        number = self._inventory.in_use(to)
        if number is None or number.messaging is None:
            self._env.log.add("text_lost", to=to, **{"from": from_number})
            return False
        data = {
            "from": from_number,
            "to": to,
            "text": text,
            "segments": segments(text),
            "encoding": encoding(text),
            "opt_out": self._handle_opt_out(from_number, to, text),
        }
        subject = Subject("message_id", self._env.ids.message(), None)
        self._env.emit(subject, EventKind.MESSAGE_RECEIVED, data, faults=magic_of(from_number).faults)
        return True

    def _handle_opt_out(self, from_number: str, to: str, text: str) -> str | None:
        word = opt_out_word(text) if self._env.settings.carrier_opt_out else None
        if word is not None:
            answer = self._opt_outs.handle(word, sender=to, recipient=from_number)
            self._env.later(FINAL_AFTER_SEC, partial(self._inboxes.put, to, from_number, answer))
        return word
