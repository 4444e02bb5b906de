"""The demo brain: a receptionist made of rules, so that a call can be tried without any key or model.

It greets, answers small questions, books, moves and cancels appointments, presses keys, transfers and says goodbye.
Asked what it is, it tells the truth: an automated assistant, never a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from saperly_protocol import (
    CallEnded,
    Directive,
    Event,
    Hangup,
    InboundCall,
    OutboundCall,
    SendDtmf,
    Speak,
    Transfer,
    Turn,
)

from saperly_server.voice.engine import Direction

from .booking import ANYTHING_ELSE, BookingTalk
from .contracts import BrainCall
from .slots import SlotBook
from .understanding import Intent, intent_of, keys_in, take_day
from .wording import said_list, said_time

_OPENING = re.compile(r"open with:\s*(.+)", re.IGNORECASE)
_PRESSED = re.compile(r"\[pressed ([^\]]+)\]")
_TRANSFER_FAILED = "[transfer failed]"
_QUOTES = "\"'“”‘’"
_LONGEST_OPENING = 500
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CAN_DO = "I can book an appointment, tell you our opening hours, or put you through to a person."


class DemoBrain:
    """Speaks on one call. `book` is shared by all calls, `now` tells the time, `zone` is the business's own."""

    def __init__(
        self,
        book: SlotBook,
        now: Callable[[], datetime],
        *,
        zone: tzinfo = UTC,
        call: BrainCall | None = None,
    ) -> None:
        self._call = call
        self._book = book
        self._talk = BookingTalk(book, lambda: now().astimezone(zone))
        self._silent_turns = 0
        self._offered_more = False

    async def open(self, call: BrainCall) -> None:
        self._call = call

    async def close(self) -> None:
        """Nothing to give back: the appointments stay booked."""

    async def on_event(self, event: Event) -> Directive:
        match event:
            case InboundCall() | OutboundCall():
                return Speak(text=self._greeting())
            case Turn():
                return self._turn(event.user_text)
            case CallEnded():
                return Hangup()

    @property
    def _about(self) -> BrainCall:
        if self._call is None:
            raise RuntimeError("the brain was not opened")
        return self._call

    def _greeting(self) -> str:
        """The `Open with: …` line of the instructions, or one that says who is speaking."""
        opening = _OPENING.search(self._about.instructions)
        told = _sayable(opening[1]).strip(_QUOTES + " ")[:_LONGEST_OPENING] if opening else ""
        if told:
            return told
        name = self._business()
        if self._about.direction is Direction.OUTBOUND:
            return f"Hello, this is the automated assistant of {name} calling. How can I help you?"
        return f"Hello, this is the automated assistant of {name}. How can I help you?"

    def _business(self) -> str:
        return _sayable(self._about.connection_name) or "this line"

    def _turn(self, said: str) -> Directive:
        if not said.strip():
            return self._silence()
        self._silent_turns = 0
        words = said.replace(_TRANSFER_FAILED, " ").strip()
        if words != said.strip():
            return self._after_failed_transfer(words)
        if pressed := _PRESSED.fullmatch(words):
            return self._keys(pressed[1])
        return self._words(_PRESSED.sub(" ", words))

    def _silence(self) -> Directive:
        """Nothing was said: ask once, then say goodbye."""
        self._silent_turns += 1
        if self._silent_turns == 1:
            return Speak(text="Are you still there?")
        return self._goodbye("I cannot hear you, so I will end the call here. Goodbye.")

    def _after_failed_transfer(self, words: str) -> Directive:
        apology = "I could not reach anybody just now."
        if not words:
            return Speak(text=f"{apology} Can I help you with something myself?")
        reply = self._words(words)
        return Speak(text=f"{apology} {reply.text}", end_call=reply.end_call) if isinstance(reply, Speak) else reply

    def _keys(self, keys: str) -> Directive:
        """Keys choose among offered times, or from the short menu 1, 2, 0."""
        digits = keys.rstrip("#")
        if self._talk.is_open and digits.isdecimal():
            return Speak(text=self._talk.pick(int(digits)))
        match digits:
            case "0":
                return self._transfer()
            case "1":
                return Speak(text=self._talk.begin(""))
            case "2":
                return Speak(text=self._hours())
        return Speak(text="Press 1 to book an appointment, 2 for our opening hours, or 0 for a person.")

    def _words(self, words: str) -> Directive:
        intent = intent_of(words)
        offered_more, self._offered_more = self._offered_more, False
        match intent:
            case Intent.TRANSFER:
                return self._transfer()
            case Intent.PRESS:
                return self._press(words)
            case Intent.GOODBYE:
                return self._goodbye()
            case Intent.NO if offered_more and not self._talk.is_open:
                return self._goodbye()
        answer = self._answer(intent, words)
        self._offered_more = answer.endswith(ANYTHING_ELSE)
        return Speak(text=answer)

    def _answer(self, intent: Intent, words: str) -> str:
        """What to say: about the appointment while one is being made, with small questions answered in between."""
        aside = self._aside(intent)
        if aside is not None:
            return f"{aside} {self._talk.question()}" if self._talk.is_open else aside
        if intent is Intent.CANCEL or intent is Intent.MOVE:
            return self._change(intent, words)
        if self._talk.is_open:
            return self._in_booking(intent, words)
        if intent is Intent.BOOK or take_day(words, self._talk.now().date())[0] is not None:
            return self._talk.begin(words)
        return self._small_talk(intent, words)

    def _aside(self, intent: Intent) -> str | None:
        match intent:
            case Intent.EMERGENCY:
                return "This line cannot reach emergency services. Please hang up and dial 911."
            case Intent.IDENTITY:
                return f"I am an automated AI assistant for {self._business()}, not a person."
            case Intent.HOURS:
                return self._hours()
            case Intent.HOW_ARE_YOU:
                return "I am doing well, thank you. How can I help you?"
        return None

    def _in_booking(self, intent: Intent, words: str) -> str:
        if intent in (Intent.NEVER_MIND, Intent.NO):
            self._talk.drop()
            return f"All right, no appointment. {ANYTHING_ELSE}"
        return self._talk.hear(words)

    def _change(self, intent: Intent, words: str) -> str:
        if self._talk.is_open and intent is Intent.CANCEL:
            return self._in_booking(Intent.NEVER_MIND, words)
        cancelled = self._talk.cancel()
        if cancelled is None:
            return f"I have not booked an appointment on this call. {ANYTHING_ELSE}"
        if intent is Intent.CANCEL:
            return f"{cancelled} {ANYTHING_ELSE}"
        return f"{cancelled} {self._talk.begin(words)}"

    def _small_talk(self, intent: Intent, words: str) -> str:
        match intent:
            case Intent.THANKS:
                return f"You are welcome. {ANYTHING_ELSE}"
            case Intent.NEVER_MIND:
                return f"No problem. {ANYTHING_ELSE}"
            case Intent.HELP | Intent.YES:
                return f"{_CAN_DO} What would you like?"
        if self._talk.note_name(words):
            return f"Nice to meet you, {self._talk.name}. How can I help you?"
        if intent is Intent.GREETING:
            return "Hello! How can I help you?"
        return f"I am sorry, I did not understand that. {_CAN_DO}"

    def _hours(self) -> str:
        days = said_list([_DAYS[day] for day in sorted(self._book.weekdays)])
        if self._book.weekdays == frozenset(range(5)):
            days = "Monday to Friday"
        return f"We are open {days}, {said_time(self._book.opens)} to {said_time(self._book.closes)}."

    def _transfer(self) -> Directive:
        if not self._about.transfer_targets:
            return Speak(text="I am sorry, I cannot transfer this call. Can I help you with something myself?")
        return Transfer(to=self._about.transfer_targets[0])

    def _press(self, words: str) -> Directive:
        keys = keys_in(words)
        if not keys:
            return Speak(text="Which keys shall I press?")
        if not self._about.may_send_dtmf:
            return Speak(text="I am sorry, I cannot press keys on this line.")
        return SendDtmf(digits=keys)

    def _goodbye(self, line: str | None = None) -> Directive:
        name = f", {self._talk.name}" if self._talk.name else ""
        farewell = line or f"Thank you for calling {self._business()}{name}. Goodbye!"
        if self._about.direction is Direction.OUTBOUND and line is None:
            farewell = f"Thank you for your time{name}. Goodbye!"
        return Speak(text=farewell, end_call=True if self._about.may_end_call else None)


def _sayable(text: str) -> str:
    """One line without control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())
