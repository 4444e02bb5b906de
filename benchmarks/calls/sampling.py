"""A sampling profile of this process's CPU time: cheap enough to leave the figures as they are."""

from __future__ import annotations

import signal
from collections import Counter
from types import FrameType

_EVERY_SEC = 0.002
_SHOWN = 45


class Sampler:
    """Looks where the program is, each time it has used another two milliseconds of CPU."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._alone: Counter[str] = Counter()
        self._within: Counter[str] = Counter()
        self._samples = 0

    def __enter__(self) -> None:
        if self._path is not None:
            signal.signal(signal.SIGPROF, self._look)
            signal.setitimer(signal.ITIMER_PROF, _EVERY_SEC, _EVERY_SEC)

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            signal.setitimer(signal.ITIMER_PROF, 0)
            with open(self._path, "w") as report:
                report.write(self.report())

    def report(self) -> str:
        """Shares of the samples: in a function itself, and in it or what it called."""
        return "\n".join(
            [
                f"{self._samples} samples",
                *self._table("in the function itself", self._alone),
                *self._table("in the function and what it calls", self._within),
            ]
        )

    def _table(self, title: str, counts: Counter[str]) -> list[str]:
        rows = counts.most_common(_SHOWN)
        return ["", title, *(f"{100 * count / max(1, self._samples):6.1f} %  {name}" for name, count in rows)]

    def _look(self, _: int, frame: FrameType | None) -> None:
        self._samples += 1
        seen: set[str] = set()
        if frame is not None:
            self._alone[_name(frame)] += 1
        while frame is not None:
            seen.add(_name(frame))
            frame = frame.f_back
        self._within.update(seen)


def _name(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_filename.rpartition('/src/')[2].rpartition('/site-packages/')[2]}:{code.co_qualname}"
