"""How long the garbage collector holds everything up."""

from __future__ import annotations

import gc
import time


class Pauses:
    """The longest single collection while this is in force, in seconds, and all of them together."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.total = 0.0
        self._began = 0.0

    def __enter__(self) -> None:
        gc.callbacks.append(self._note)

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            pause = time.perf_counter() - self._began
            self.longest = max(self.longest, pause)
            self.total += pause
