"""What a trial is made of: a few calls and texts, and what befalls the carrier's events of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

MAGIC_CALLS = (
    "1001",
    "1002",
    "1003",
    "1004",
    "1006",
    "1007",
    "3001",
    "3003",
    "3004",
    "3005",
    "3006",
    "4001",
    "4002",
    "4006",
)
"""Peers with habits of their own: who does not answer, a machine, a network that loses answers or jumbles its news."""
MAGIC_TEXTS = (
    *("0006", "2001", "2002", "2003", "2005", "2012"),
    *("3001", "3003", "3004", "3005", "3006", "4001", "4002", "4003", "4004", "4005", "4006"),
)
WORDS = ("Hello there", "STOP", "HELP", "START", "please stop texting me", "What are your hours?", "Hej då 🙂")
_LONGEST_SEC = 60.0


class Kind(StrEnum):
    """What happens: we call, somebody calls, we text, somebody texts."""

    DIAL = "call out"
    RING = "call in"
    SEND = "text out"
    RECEIVE = "text in"


class Mode(StrEnum):
    """When the events come: as they happen, each with its own delay; or all of them after the last."""

    LIVE = "live"
    AFTERWARDS = "afterwards"


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls the events: how often each comes at most, how late, and which kinds never do."""

    mode: Mode
    copies: int
    spread_sec: float
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """One call or text. `script` is what the peer does in a call; None for a magic number's own habits."""

    kind: Kind
    peer: str
    fate: Fate
    hosted: bool
    words: str = ""
    script: dict[str, Any] | None = None
    end_after_sec: float | None = None

    def __str__(self) -> str:
        habits = "" if self.script is None else f", who {self.script}"
        lost = f", without {', '.join(sorted(self.fate.lost))}" if self.fate.lost else ""
        return (
            f"{self.kind} {self.peer}{habits} {self.words!r}: {self.fate.mode}, up to {self.fate.copies} times,"
            f" up to {self.fate.spread_sec:.1f} s late{lost}, ended by us after {self.end_after_sec}"
        )


@dataclass(frozen=True, slots=True)
class Schedule:
    """A trial: its cases, and whether the carrier's answers come later than its events."""

    cases: list[Case] = field(default_factory=list)
    slow_answers: bool = False
    lost_answers: bool = False

    def __str__(self) -> str:
        answers = "lost" if self.lost_answers else "slow" if self.slow_answers else "at once"
        return "\n".join([f"answers of the carrier: {answers}", *map(str, self.cases)])


def schedule(rng: Random, first_peer: int) -> Schedule:
    """A trial of one to three cases, each with another peer. `first_peer` numbers the people in it."""
    kinds = rng.choices(tuple(Kind), weights=(4, 3, 4, 2), k=rng.choice((1, 1, 2, 3)))
    drawn = [_case(rng, kind, first_peer + place) for place, kind in enumerate(kinds)]
    cases = list({case.peer: case for case in drawn}.values())
    answers = rng.random()
    return Schedule(cases, slow_answers=answers < 0.3, lost_answers=answers < 0.1)


def _case(rng: Random, kind: Kind, peer: int) -> Case:
    number, hosted = f"+1646{2_000_000 + peer % 3_000_000}", rng.random() < 0.7
    fate = _fate(rng, kind)
    if kind is Kind.SEND:
        magic = rng.random() < 0.5
        return Case(
            kind, f"+1500555{rng.choice(MAGIC_TEXTS)}" if magic else number, fate, hosted, "Hi " * rng.randint(1, 80)
        )
    if kind is Kind.RECEIVE:
        return Case(kind, number, fate, hosted, rng.choice(WORDS))
    if kind is Kind.DIAL and rng.random() < 0.3:
        return Case(kind, f"+1500555{rng.choice(MAGIC_CALLS)}", fate, hosted, end_after_sec=rng.uniform(20, 40))
    return _call(rng, kind, number, fate, hosted=hosted)


def _call(rng: Random, kind: Kind, number: str, fate: Fate, *, hosted: bool) -> Case:
    end_after = rng.choice((None, None, rng.uniform(0.0, _LONGEST_SEC)))
    return Case(kind, number, fate, hosted, script=_script(rng, kind), end_after_sec=end_after)


def _script(rng: Random, kind: Kind) -> dict[str, Any]:
    if kind is Kind.DIAL and rng.random() < 0.25:
        return {"on_call": rng.choice(("busy", "no_answer", "reject"))}
    talk = rng.choice(([], [], [{"say": "I have a question about my order."}]))
    steps = [*talk, {"pause": round(rng.uniform(0.1, 1.0 if rng.random() < 0.2 else _LONGEST_SEC), 1)}, "hang_up"]
    return {"answer_after_sec": round(rng.uniform(0, 10), 1), "steps": steps}


def _fate(rng: Random, kind: Kind) -> Fate:
    progress, end = ("message.sent", "message.final") if kind is Kind.SEND else ("call.answered", "call.ended")
    lost = {name for name, chance in ((progress, 0.2), (end, 0.12)) if rng.random() < chance}
    return Fate(
        Mode.AFTERWARDS if rng.random() < 0.4 else Mode.LIVE,
        copies=rng.choice((1, 1, 2, 3, 5)),
        spread_sec=rng.choice((0.0, 0.2, 1.0, 4.0)),
        lost=frozenset() if kind is Kind.RECEIVE else frozenset(lost),
    )
