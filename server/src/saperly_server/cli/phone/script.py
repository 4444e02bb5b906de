"""A call as a script: what to say, what to wait for, which keys to press, in the order of the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Say:
    """Say this once the other side has finished talking."""

    text: str


@dataclass(frozen=True, slots=True)
class Press:
    """Press these keys."""

    digits: str


@dataclass(frozen=True, slots=True)
class Expect:
    """Wait until these words are heard, in any case of letters and with any space between them."""

    words: str
    PATIENCE_SEC: ClassVar[float] = 30.0

    def met_by(self, text: str) -> bool:
        return _plain(self.words) in _plain(text)


Step = Say | Press | Expect
_STEPS: dict[str, Callable[[str], Step]] = {"--say": Say, "--press": Press, "--expect": Expect}


def steps_in_order(arguments: Sequence[str]) -> list[Step]:
    """The steps of a command line that the parser has accepted; it groups options by name and so loses their order."""
    return list(_steps(iter(arguments)))


def _steps(rest: Iterator[str]) -> Iterator[Step]:
    for argument in rest:
        name, given, value = argument.partition("=")
        if argument == "--":
            return
        if name in _STEPS:
            yield _STEPS[name](value if given else next(rest))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
