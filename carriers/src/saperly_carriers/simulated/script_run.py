"""A script being carried out on one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import repeat

from saperly_carriers.clock import Timer
from saperly_carriers.events import CallOutcome
from saperly_carriers.simulated.environment import Environment, TimerGroup
from saperly_carriers.simulated.expectation import Ears, Verdict
from saperly_carriers.simulated.peers import Peer, PeerLine, Ringing
from saperly_carriers.simulated.script import (
    BeSilent,
    Expect,
    Hold,
    InterruptAfter,
    Loop,
    OnCall,
    Pause,
    Press,
    Say,
    Script,
    Step,
)

HANG_UP_SEC = 0.5
"""A person who hangs up needs a moment for it; what they said last is still understood."""


@dataclass(frozen=True, slots=True)
class ExchangeLine:
    """One line of what was said and pressed; `who` is agent or party."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class ScriptFailure:
    """A step that did not come true, with everything that was said until then."""

    number: str
    step: Step
    problem: str
    exchange: tuple[ExchangeLine, ...]

    def __str__(self) -> str:
        lines = [f"{self.number} {self.step}, but {self.problem}; the exchange was:"]
        lines += [f"  {line.at:%H:%M:%S.%f} {line.who}: {line.text}" for line in self.exchange]
        return "\n".join(lines)


class ScriptRun(Peer):
    """A peer that follows a script.

    `exchange` and `failures` tell how it went, `finished` whether every step was done, `ended` how the call
    ended (None: it did not yet).
    """

    def __init__(self, env: Environment, number: str, script: Script) -> None:
        self.number = number
        self.script = script
        self.answered_by = script.answered_by
        self.exchange: list[ExchangeLine] = []
        self.failures: list[ScriptFailure] = []
        self.finished = False
        self.ended: str | None = None
        self._env = env
        self._timers = TimerGroup(env)
        self._line: PeerLine | None = None
        self._program = self._walk(script.steps)
        self._step: Step | None = None
        self._wait: Timer | None = None
        self._ears = Ears()
        self._otherwise: tuple[Step, ...] = ()
        self._endless_loops = 0
        self._agent = _AgentVoiceSeen()

    def busy(self) -> bool:
        return self.script.on_call is OnCall.BUSY

    def rings(self, line: PeerLine, ringing: Ringing) -> None:
        self._line = line
        if self.script.on_call is OnCall.ANSWER:
            self._timers.later(self.script.answer_after_sec, line.answer)
        elif self.script.on_call is OnCall.REJECT:
            self._timers.later(self.script.answer_after_sec, lambda: line.refuse(CallOutcome.REJECTED))

    def connected(self) -> None:
        self._next()

    def agent_speaks(self) -> None:
        self._agent.begins(self._env.clock.now())
        if isinstance(self._step, InterruptAfter):
            self._time_interruption(self._step)

    def line_over(self, said: str, utterance_id: str) -> None:
        self._agent.ends()
        if isinstance(self._step, InterruptAfter):
            self._timers.cancel(self._wait)
        if self.listening and said:
            self._note("agent", said)
            self._ears.hear(said)
            self._match()

    def agent_quiet(self) -> None:
        self._agent.quiet = True
        if isinstance(self._step, Say) and self._agent.awaited:
            self._agent.awaited = False
            self._speak(self._step)

    def digit(self, digit: str) -> None:
        self._note("agent", f"[presses {digit}]")
        self._ears.feel(digit)
        self._match()

    def spoke(self) -> None:
        if isinstance(self._step, (Say, Press)) and not self._agent.awaited:
            self._next()

    def over(self, reason: str) -> None:
        self.ended = reason
        step, self._step = self._step, None
        self._timers.cancel_all()
        if isinstance(step, Expect) and not step.otherwise and self._endless_loops == 0:
            self._record(step, f"the call ended ({reason})")

    def _walk(self, steps: tuple[Step, ...]) -> Iterator[Step]:
        for step in steps:
            if isinstance(step, Loop):
                yield from self._repeat(step)
                continue
            yield step
            otherwise, self._otherwise = self._otherwise, ()
            yield from self._walk(otherwise)

    def _repeat(self, loop: Loop) -> Iterator[Step]:
        self._endless_loops += loop.times is None
        for _ in repeat(None) if loop.times is None else repeat(None, loop.times):
            yield from self._walk(loop.steps)

    def _next(self) -> None:
        """Begin the next step, and the one after that if this one takes no time."""
        self._timers.cancel(self._wait)
        self._wait = None
        self.listening = True
        if self.ended is None:
            self._step = next(self._program, None)
            self.finished = self._step is None
            self._begin(self._step)

    def _begin(self, step: Step | None) -> None:
        match step:
            case Say():
                self._begin_saying(step)
            case Press(digits):
                self._note("party", f"[presses {digits}]")
                self._use().press(digits)
            case Expect(timeout_sec=timeout):
                self._wait_for(timeout, self._fail_step)
                self._match()
            case InterruptAfter():
                self._time_interruption(step)
            case None:
                pass
            case _:
                self._begin_waiting(step)

    def _begin_waiting(self, step: Step) -> None:
        match step:
            case Pause(sec):
                self._wait_for(sec, self._next)
            case Hold(sec):
                self.listening = False
                self._wait_for(sec, self._next)
            case BeSilent(sec):
                if sec is not None:
                    self._wait_for(sec, self._next)
            case _:
                self._note("party", "[hangs up]")
                self._wait_for(HANG_UP_SEC, self._use().hang_up)

    def _begin_saying(self, step: Say) -> None:
        if step.polite and not self._agent.quiet:
            self._agent.awaited = True
        else:
            self._speak(step)

    def _speak(self, step: Say) -> None:
        text = step.text.replace("{heard}", self._ears.line).replace("{digits}", self._ears.digits)
        self._note("party", text)
        self._use().say(text)

    def _time_interruption(self, step: InterruptAfter) -> None:
        since = self._agent.unused_since
        if since is not None:
            elapsed = (self._env.clock.now() - since).total_seconds()
            self._wait_for(step.ms / 1000 - elapsed, self._interrupt)

    def _interrupt(self) -> None:
        self._agent.unused_since = None
        self._next()

    def _match(self) -> None:
        if not isinstance(self._step, Expect):
            return
        verdict = self._ears.check(self._step)
        if verdict is Verdict.MET:
            self._next()
        elif verdict is Verdict.MISSED:
            self._fail_step()

    def _fail_step(self) -> None:
        step = self._step
        if isinstance(step, Expect) and step.otherwise:
            self._otherwise = step.otherwise
            self._next()
        elif step is not None:
            self._step = None
            self._record(step, "it did not happen")
            self._use().hang_up()

    def _record(self, step: Step, problem: str) -> None:
        self.failures.append(ScriptFailure(self.number, step, problem, tuple(self.exchange)))
        self._env.log.add("script_failed", number=self.number, problem=problem, step=str(step))

    def _wait_for(self, sec: float, action: Callable[[], None]) -> None:
        self._timers.cancel(self._wait)
        self._wait = self._timers.later(sec, action)

    def _note(self, who: str, text: str) -> None:
        self.exchange.append(ExchangeLine(self._env.clock.now(), who, text))

    def _use(self) -> PeerLine:
        assert self._line is not None, "a script begins once its line is connected"
        return self._line


class _AgentVoiceSeen:
    """What the party knows of the agent's talking.

    `unused_since`: when the present line began, unless an interruption was already counted from it.
    """

    __slots__ = ("awaited", "quiet", "unused_since")

    def __init__(self) -> None:
        self.quiet = True
        self.awaited = False
        self.unused_since: datetime | None = None

    def begins(self, at: datetime) -> None:
        self.quiet, self.unused_since = False, at

    def ends(self) -> None:
        self.unused_since = None
