"""What was said and heard in a call so far, and whose turn it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .line import Frame
from .script import Expect

BREATH_SEC = 0.4
"""A pause this long means that the other side has finished; an agent that goes on talking begins sooner."""


@dataclass(slots=True)
class Spoken:
    """One line of the call. `who` is `you`, `agent` or `disclosure`."""

    who: str
    text: str
    utterance_id: str | None = None


@dataclass(slots=True)
class Exchange:
    """Follows the telephone's frames. `changed` is set whenever something was noticed."""

    lines: list[Spoken] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    answered: bool = False
    ended: str | None = None
    settled: Frame | None = None
    call_id: str | None = None
    speaking: bool = False
    _heard_since_said: bool = False
    _quiet_since: float = 0.0
    _searched: int = 0

    def notice(self, frame: Frame) -> Spoken | None:
        """Take in a frame; the line that it brought or added to."""
        spoken = None
        match frame["type"]:
            case "answered":
                self.answered, self.call_id = True, frame.get("callId")
            case "speaking":
                self.speaking = True
            case "quiet":
                self.speaking, self._heard_since_said = False, True
                self._quiet_since = asyncio.get_running_loop().time()
            case "heard":
                spoken = self._hear(frame)
            case "ended":
                self.ended, self.speaking = frame["reason"], False
            case "settled":
                self.settled = frame
        self.changed.set()
        return spoken

    def _hear(self, frame: Frame) -> Spoken:
        """Pieces of one utterance are one line."""
        last = self.lines[-1] if self.lines else None
        if last is not None and last.utterance_id == frame["utteranceId"]:
            last.text += frame["text"]
            return last
        spoken = Spoken("disclosure" if frame.get("disclosure") else "agent", frame["text"], frame["utteranceId"])
        self.lines.append(spoken)
        return spoken

    def said(self, text: str) -> None:
        """Something was said or pressed on this side: the answer to it is yet to come."""
        self.lines.append(Spoken("you", text))
        self._heard_since_said = False
        self._searched = len(self.lines)

    def meets(self, expected: Expect) -> bool:
        """Was it heard since the last thing said here? A line may meet several expectations; earlier lines meet no more."""
        for place in range(self._searched, len(self.lines)):
            if self.lines[place].who != "you" and expected.met_by(self.lines[place].text):
                self._searched = place
                return True
        return False

    def my_turn_in(self) -> float | None:
        """Seconds until it is this side's turn to talk; None while the other side has it."""
        if self.speaking or not self._heard_since_said:
            return None
        return max(0.0, self._quiet_since + BREATH_SEC - asyncio.get_running_loop().time())

    async def change(self, within_sec: float | None) -> bool:
        """Wait for the next thing to be noticed; False when that takes longer."""
        self.changed.clear()
        try:
            await asyncio.wait_for(self.changed.wait(), within_sec)
        except TimeoutError:
            return False
        return True
