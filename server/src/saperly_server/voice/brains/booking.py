"""Booking an appointment in as many turns as the caller needs: day, time, name, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time

from .slots import Booking, NoSuchSlot, SlotBook, SlotTaken
from .understanding import name_in, take_day, time_in
from .wording import capitalised, said_day, said_list, said_time

ANYTHING_ELSE = "Is there anything else I can do for you?"


@dataclass(slots=True)
class BookingTalk:
    """One caller's talk about appointments. `now` is the business's own time."""

    book: SlotBook
    now: Callable[[], datetime]
    name: str | None = None
    booking: Booking | None = None
    is_open: bool = False
    _day: date | None = None
    _at: time | None = None
    _offered: tuple[time, ...] = field(default_factory=tuple)
    _asked_for_name: bool = False

    def begin(self, words: str) -> str:
        """Somebody wants an appointment; `words` may already say when, and for whom."""
        self.drop()
        self.is_open = True
        return self.hear(words)

    def drop(self) -> None:
        self.is_open, self._day, self._at, self._offered, self._asked_for_name = False, None, None, (), False

    def note_name(self, words: str) -> bool:
        """Remember the caller's name if the words introduce it."""
        name = name_in(words, asked=self._asked_for_name)
        if name is not None:
            self.name = name
        return name is not None

    def hear(self, words: str) -> str:
        """Take from the words what is still missing; say what is wrong with it, ask for the rest, or book."""
        day, rest = take_day(words, self.now().date())
        if day is not None:
            self._day, self._at = day, None
        if self._asked_for_name or self.name is None:
            self.note_name(words)
        complaint = self._complaint_about_day() or self._take_time(rest)
        return complaint or self._next()

    def pick(self, number: int) -> str:
        """The caller pressed the number of an offered time."""
        if self._at is None and 1 <= number <= len(self._offered):
            self._at = self._offered[number - 1]
        return self._next()

    def question(self) -> str:
        """What is still to be said by the caller, as a question."""
        if self._day is None:
            return "Which day would you like?"
        if self._at is None:
            return self._offer()
        self._asked_for_name = True
        return "What name shall I put it under?"

    def cancel(self) -> str | None:
        """Give the booked appointment back; None when there is none."""
        booking, self.booking = self.booking, None
        if booking is None:
            return None
        self.book.cancel(booking)
        return f"Your appointment {self._when(booking.day, booking.at)} is cancelled."

    def _complaint_about_day(self) -> str | None:
        day = self._day
        if day is None:
            return None
        self._offered = self.book.free(day, self.now())
        if self._offered:
            return None
        self._day = None
        said = capitalised(said_day(day, self.now().date()))
        if not self.book.hours(day):
            return f"{said} we are closed. Which other day would you like?"
        return f"{said} there is nothing left. Which other day would you like?"

    def _take_time(self, words: str) -> str | None:
        if self._day is None or self._asked_for_name:
            return None
        at = time_in(words, self._offered)
        if at is None:
            return None
        self._at = at if at in self._offered else None
        return None if self._at else f"{self._why_not(self._day, at)} {self._offer()}"

    def _why_not(self, day: date, at: time) -> str:
        if at in self.book.hours(day):
            return f"{capitalised(said_time(at))} is not available any more."
        return f"There are no appointments at {said_time(at)}."

    def _next(self) -> str:
        if self._day is None or self._at is None or self.name is None:
            return self.question()
        try:
            self.booking = self.book.book(self._day, self._at, self.name, self.now())
        except (SlotTaken, NoSuchSlot):
            return self._gone(self._day, self._at)
        self.drop()
        when = self._when(self.booking.day, self.booking.at)
        return f"You are booked {when}, {self.booking.name}. {ANYTHING_ELSE}"

    def _gone(self, day: date, at: time) -> str:
        self._at, self._asked_for_name = None, False
        return self._complaint_about_day() or f"{self._why_not(day, at)} {self._offer()}"

    def _offer(self) -> str:
        day = capitalised(said_day(self._day, self.now().date())) if self._day else ""
        times = said_list([said_time(at) for at in self._offered])
        return f"{day} I have {times}. Which time would you like?"

    def _when(self, day: date, at: time) -> str:
        said = said_day(day, self.now().date())
        return f"{said if said in ('today', 'tomorrow') else f'on {said}'} at {said_time(at)}"
