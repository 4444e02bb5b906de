"""What a scripted party has heard and not yet made use of, and whether it is what the script expects."""

from __future__ import annotations

import re
from collections import deque
from enum import Enum

from saperly_carriers.simulated.script import Expect


class Verdict(Enum):
    """Met, or definitely missed (wrong keys), or still to be waited for."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"


class Ears:
    """Lines and keys, each used by one expectation at most. `line` and `digits` are those of the last one."""

    def __init__(self) -> None:
        self.line = ""
        self.digits = ""
        self._lines: deque[str] = deque()
        self._keys = ""

    def hear(self, line: str) -> None:
        self._lines.append(line)

    def feel(self, key: str) -> None:
        self._keys += key

    def check(self, expect: Expect) -> Verdict:
        """Look for what is expected among what is unused; what comes before it is used up as well."""
        if expect.digits is not None:
            return self._check_digits(expect.digits)
        while self._lines:
            line = self._lines.popleft()
            if _matches(expect, line):
                self.line = line
                return Verdict.MET
        return Verdict.OPEN

    def _check_digits(self, expected: str) -> Verdict:
        if len(self._keys) < len(expected):
            return Verdict.OPEN
        self.digits, self._keys = self._keys[: len(expected)], self._keys[len(expected) :]
        return Verdict.MET if self.digits == expected else Verdict.MISSED


def _matches(expect: Expect, line: str) -> bool:
    if expect.pattern is not None:
        return re.search(expect.pattern, line, re.IGNORECASE) is not None
    return f" {_plain(expect.words or '')} " in f" {_plain(line)} "


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold()))
