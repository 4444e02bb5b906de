"""Scripts for simulated people, as data.

A script is a mapping, in YAML or JSON (JSON is YAML)::

    on_call: answer            # or busy, no_answer, reject
    answer_after_sec: 2
    answered_by: human         # or machine; beep_after_sec: 4
    steps:
      - expect: this call may be recorded          # words, in any case and punctuation
      - expect: {pattern: "order (\\d+)", timeout_sec: 10}
      - say: Yes, what about it?
      - say: {text: "Well then.", polite: true}    # polite: waits until the agent is silent
      - interrupt_after: 400                       # milliseconds into the agent's line; then the next step
      - say: Wait!
      - press: "1#"
      - expect: {digits: "42", otherwise: [say: Wrong code., hang_up]}
      - pause: 1.5
      - hold: 10                                   # the agent talks to hold music
      - be_silent: 5                               # listens, says nothing; without a time: to the end
      - loop: {times: 3, steps: [{expect: {pattern: "."}}, {say: "You said: {heard}"}]}
      - hang_up

In what is said, `{heard}` stands for the line and `{digits}` for the keys of the last expectation. An
expectation that fails (after 30 s, or at the end of the call) fails the script and ends the call, unless it
has `otherwise`. Hanging up takes half a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saperly_carriers.simulated.peers import BY_A_PERSON, AnsweredBy

DEFAULT_EXPECT_SEC = 30.0


class ScriptError(ValueError):
    """A script is not a script. `where` is the path to the mistake."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class OnCall(StrEnum):
    """What a party does when its telephone rings."""

    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Expect:
    """Wait for a line with these words or this pattern, or for these keys: one of the three is set."""

    words: str | None = None
    pattern: str | None = None
    digits: str | None = None
    timeout_sec: float = DEFAULT_EXPECT_SEC
    otherwise: tuple[Step, ...] = ()

    def __str__(self) -> str:
        kind, wanted = "words", self.words
        if self.pattern is not None:
            kind, wanted = "pattern", self.pattern
        elif self.digits is not None:
            kind, wanted = "keys", self.digits
        return f"expected the {kind} {wanted!r} within {self.timeout_sec:g} s"


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    polite: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    sec: float


@dataclass(frozen=True, slots=True)
class InterruptAfter:
    """Wait until a line of the agent has been going on for so long: each time another line."""

    ms: float


@dataclass(frozen=True, slots=True)
class Press:
    digits: str


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


@dataclass(frozen=True, slots=True)
class Hold:
    sec: float


@dataclass(frozen=True, slots=True)
class BeSilent:
    sec: float | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """Repeat; `times` None: until the call ends, which then is no failure."""

    times: int | None
    steps: tuple[Step, ...]


Step = Expect | Say | Pause | InterruptAfter | Press | HangUp | Hold | BeSilent | Loop


@dataclass(frozen=True, slots=True)
class Script:
    """What a party does: on the telephone, then step by step."""

    steps: tuple[Step, ...] = ()
    name: str = ""
    on_call: OnCall = OnCall.ANSWER
    answer_after_sec: float = 2.0
    answered_by: AnsweredBy = BY_A_PERSON


LISTENER = Script(name="listener")
"""Answers after two seconds, listens, and leaves hanging up to the agent."""
