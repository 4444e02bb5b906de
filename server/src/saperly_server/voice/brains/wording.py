"""Days, times and lists as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time


def said_day(day: date, today: date) -> str:
    """`today`, `tomorrow`, or `Tuesday, November 24`."""
    if (day - today).days in (0, 1):
        return ("today", "tomorrow")[(day - today).days]
    return f"{day:%A, %B} {day.day}"


def said_time(at: time) -> str:
    """`9 am`, `noon`, `2:30 pm`."""
    if at == time(12):
        return "noon"
    minutes = f":{at.minute:02d}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'am' if at.hour < 12 else 'pm'}"


def said_list(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def capitalised(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
