"""A small appointment book in memory: the tool of the demo brain."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

_WORKDAYS = frozenset(range(5))
_AN_HOUR = timedelta(hours=1)


class SlotTaken(Exception):
    """Somebody else has this appointment."""


class NoSuchSlot(Exception):
    """There are no appointments at this time."""


@dataclass(frozen=True, slots=True)
class Booking:
    day: date
    at: time
    name: str


@dataclass(slots=True)
class SlotBook:
    """Appointments on the hour, from `opens` until an hour before `closes`, on `weekdays` (0 is Monday).

    One book is shared by all calls of a business; times are the business's own.
    """

    opens: time = time(9)
    closes: time = time(17)
    weekdays: frozenset[int] = _WORKDAYS
    _taken: dict[tuple[date, time], Booking] = field(default_factory=dict)

    def hours(self, day: date) -> tuple[time, ...]:
        """Every appointment of a day, free or not; none on days off."""
        if day.weekday() not in self.weekdays:
            return ()
        start, end = datetime.combine(day, self.opens), datetime.combine(day, self.closes)
        count = (end - start) // _AN_HOUR
        return tuple((start + _AN_HOUR * index).time() for index in range(count))

    def free(self, day: date, now: datetime) -> tuple[time, ...]:
        """The appointments of a day that can still be booked at `now`, in the business's own time."""
        local = now.replace(tzinfo=None)
        return tuple(at for at in self.hours(day) if (day, at) not in self._taken and datetime.combine(day, at) > local)

    def book(self, day: date, at: time, name: str, now: datetime) -> Booking:
        """Take an appointment. Raises SlotTaken, or NoSuchSlot for a time off the book or in the past."""
        if (day, at) in self._taken:
            raise SlotTaken
        if at not in self.free(day, now):
            raise NoSuchSlot
        booking = Booking(day, at, name)
        self._taken[day, at] = booking
        return booking

    def cancel(self, booking: Booking) -> None:
        """Give an appointment back. One that was given back already stays so."""
        if self._taken.get((booking.day, booking.at)) == booking:
            del self._taken[booking.day, booking.at]
