"""The texts that people have received."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.mailbox import Mailbox

_TEXTS_KEPT = 1000
_NUMBERS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """A text as it arrived on somebody's telephone; `sender` is a number or an alphanumeric name."""

    sender: str
    to: str
    text: str
    received_at: datetime


TextEar = Callable[[ReceivedText], Awaitable[None]]


class Inboxes:
    """Keeps the latest texts of each number, and tells whoever wants to know at once."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._texts: OrderedDict[str, deque[ReceivedText]] = OrderedDict()
        self._ears: dict[str, Mailbox[ReceivedText]] = {}

    def put(self, sender: str, to: str, text: str) -> None:
        received = ReceivedText(sender, to, text, self._env.clock.now())
        self._texts.setdefault(to, deque(maxlen=_TEXTS_KEPT)).append(received)
        self._texts.move_to_end(to)
        if len(self._texts) > _NUMBERS_KEPT:
            self._texts.popitem(last=False)
        self._env.log.add("text_arrived", sender=sender, number=to, text=text)
        if to in self._ears:
            self._ears[to].put(received)

    def of(self, number: str) -> Sequence[ReceivedText]:
        return tuple(self._texts.get(number, ()))

    def take_texts(self, number: str, ear: TextEar) -> Callable[[], None]:
        mailbox = self._ears[number] = Mailbox(self._env.clock, ear)

        def detach() -> None:
            if self._ears.get(number) is mailbox:
                del self._ears[number]

        return detach
