"""Keys pressed on a line, one after another."""

from __future__ import annotations

from collections.abc import Callable

from saperly_carriers.simulated.environment import TimerGroup

KEY_SEC = 0.25
PAUSES_SEC = {"w": 0.5, "W": 1.0}
"""A `w` among the keys waits half a second, a `W` a second: what carriers understand."""

DTMF_ALPHABET = frozenset("0123456789*#ABCDwW")


class Keypad:
    """Presses keys in order; `done` is called whenever none are left."""

    def __init__(
        self, timers: TimerGroup, press: Callable[[str], None], done: Callable[[], None] | None = None
    ) -> None:
        self._timers = timers
        self._press = press
        self._done = done
        self._pending = ""
        self._busy = False

    def add(self, digits: str) -> None:
        self._pending += digits
        if not self._busy:
            self._go_on()

    def _go_on(self) -> None:
        self._busy = bool(self._pending)
        if self._busy:
            self._timers.later(PAUSES_SEC.get(self._pending[0], KEY_SEC), self._one)
        elif self._done is not None:
            self._done()

    def _one(self) -> None:
        key, self._pending = self._pending[0], self._pending[1:]
        if key not in PAUSES_SEC:
            self._press(key)
        self._go_on()
