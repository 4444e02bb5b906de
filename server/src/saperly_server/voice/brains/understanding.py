"""What a caller means, by rules: intents, days, times, names, keys. English; text as a recogniser writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from enum import StrEnum

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
_KEYS = {
    **{word: str(number) for number, word in enumerate(_NUMBERS[:10])},
    "oh": "0",
    "star": "*",
    "asterisk": "*",
    "pound": "#",
    "hash": "#",
}
_NAME = r"([^\W\d_][\w'’-]*(?: [A-Z][\w'’-]*)?)"
_NOT_A_NAME = re.compile(
    r"an?|the|my|it|is|not|just|me|yes|no|yeah|ok|okay|hello|hi|thanks|what|why|who|how|sorry|please", re.IGNORECASE
)


class Intent(StrEnum):
    EMERGENCY = "emergency"
    IDENTITY = "identity"
    TRANSFER = "transfer"
    PRESS = "press"
    GOODBYE = "goodbye"
    NEVER_MIND = "never_mind"
    CANCEL = "cancel"
    MOVE = "move"
    HOURS = "hours"
    BOOK = "book"
    HOW_ARE_YOU = "how_are_you"
    THANKS = "thanks"
    HELP = "help"
    GREETING = "greeting"
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


_SOMEBODY = r"(human|(real |live )?person|someone|somebody|people|agent|representative|operator|manager|staff)"
_ROBOT = r"(ro)?bots?\b|machine|computer|human|real|person|people|recording|automated|a\.?i\.?\b|alive"
_APPOINTMENT = r"(appointment|booking|reservation|slot)"

_INTENTS: tuple[tuple[Intent, re.Pattern[str]], ...] = tuple(
    (intent, re.compile(pattern))
    for intent, pattern in (
        (Intent.EMERGENCY, r"\b(emergency|ambulance|heart attack|911|9 1 1|call the police|on fire)\b"),
        (Intent.IDENTITY, rf"\b(are you|is this|am i (talking|speaking) (to|with))\b.*\b({_ROBOT})"),
        (Intent.IDENTITY, r"\b(who|what) (are you|is this)\b|\byour name\b|\bwho am i (talking|speaking) to\b"),
        (Intent.TRANSFER, rf"\b(talk|speak|connect|put|transfer|get|want|need)\b.*\b{_SOMEBODY}\b"),
        (Intent.TRANSFER, rf"\b(transfer me|put me through|{_SOMEBODY} please)\b|^(operator|representative)$"),
        (Intent.PRESS, r"\b(press|dial|push|hit|key in)\b"),
        (Intent.GOODBYE, r"\b(good ?bye|bye|that('s| is| will be|'ll be) (all|it|everything)|nothing else)\b"),
        (Intent.GOODBYE, r"\b(have a (good|nice|great) (day|one)|see you|hang up)\b"),
        (Intent.NEVER_MIND, r"\b(never ?mind|forget (it|about it)|leave it)\b"),
        (Intent.CANCEL, rf"\bcancel\b|\b(delete|drop)\b.*\b{_APPOINTMENT}\b"),
        (Intent.MOVE, rf"\breschedule\b|\b(move|change|shift)\b.*\b{_APPOINTMENT}\b"),
        (Intent.HOURS, r"\b(hours|when (are|do) you (open|close)|are you open|(opening|closing) time)\b"),
        (Intent.HOURS, r"\b(what time|until when) (do|are) you (open|close)\b"),
        (Intent.BOOK, rf"\b(book|schedule|reserve|{_APPOINTMENT}s?|available|availability|openings?|free)\b"),
        (Intent.BOOK, r"\bcome (in|by|over)\b|\bwhat times? (do you have|are)\b"),
        (Intent.HOW_ARE_YOU, r"\bhow (are you|is it going|do you do)\b|\bhow's it going\b"),
        (Intent.THANKS, r"\b(thanks|thank you|cheers)\b"),
        (Intent.HELP, r"\b(help|what can you do|options|menu)\b"),
        (Intent.GREETING, r"^(hi|hello|hey|good (morning|afternoon|evening))\b"),
        (Intent.YES, r"^(yes|yeah|yep|sure|ok|okay|please|of course|correct|right)\b"),
        (Intent.NO, r"^(no|nope|nah)\b"),
    )
)


def plain(text: str) -> str:
    """Lower case, one kind of apostrophe, no punctuation that only separates, single spaces."""
    lowered = text.lower().replace("’", "'")
    return " ".join(re.sub(r"[,;!?]|\.(?!\w)", " ", lowered).split())


def intent_of(text: str) -> Intent:
    """The first rule that fits, the weightier intents first."""
    words = plain(text)
    return next((intent for intent, rule in _INTENTS if rule.search(words)), Intent.UNKNOWN)


def keys_in(text: str) -> str:
    """The keys somebody says to press: `press two three pound` is `23#`. At most 32."""
    _, _, after = re.sub(r"\b(dial|push|hit|key in)\b", "press", plain(text)).partition("press")
    found = ""
    for word in re.sub(r"[-.]", " ", after).split():
        if re.fullmatch(r"[0-9*#]+", word):
            found += word
        elif word in _KEYS:
            found += _KEYS[word]
        elif found:
            break
    return found[:32]


def take_day(text: str, today: date) -> tuple[date | None, str]:
    """The day somebody names, and the text without it. A weekday is its next occurrence after today."""
    words = plain(text)
    for pattern, days_ahead in ((r"day after tomorrow", 2), (r"tomorrow", 1), (r"today|tonight", 0)):
        if match := re.search(rf"\b(the )?({pattern})\b", words):
            return today + timedelta(days=days_ahead), _without(words, match)
    if match := re.search(rf"\b(on |next |this )?({'|'.join(_WEEKDAYS)})\b", words):
        ahead = (_WEEKDAYS.index(match[2]) - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead), _without(words, match)
    if match := re.search(rf"\b(on )?({'|'.join(_MONTHS)}) (the )?(\d{{1,2}})(st|nd|rd|th)?\b", words):
        return _next_date(today, _MONTHS.index(match[2]) + 1, int(match[4])), _without(words, match)
    return None, words


def _without(words: str, match: re.Match[str]) -> str:
    return f"{words[: match.start()]} {words[match.end() :]}"


def _next_date(today: date, month: int, day: int) -> date | None:
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def time_in(words: str, offered: Sequence[time]) -> time | None:
    """The time somebody names: on the clock, or as `the second one` of those offered.

    Without `am` or `pm`, one to six are meant in the afternoon.
    """
    for ordinal, index in _ORDINALS.items():
        if re.search(rf"\b{ordinal}( one)?\b", words) and -len(offered) <= index < len(offered):
            return offered[index]
    if re.search(r"\b(noon|midday)\b", words):
        return time(12)
    numbers = "|".join(_NUMBERS[1:])
    clock = rf"\b(\d{{1,2}}|{numbers})(?::(\d{{2}}))?\s*(a\.?m\b|p\.?m\b|o'clock\b)?(?![\w:])"
    matches = list(re.finditer(clock, words))
    best = next((match for match in matches if match[3] or match[2]), matches[0] if matches else None)
    return _on_the_clock(best) if best else None


def _on_the_clock(match: re.Match[str]) -> time | None:
    hour = int(match[1]) if match[1].isdigit() else _NUMBERS.index(match[1])
    half = (match[3] or "").replace(".", "")
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    elif half not in ("am", "pm") and 1 <= hour <= 6:
        hour += 12
    minute = int(match[2] or 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def name_in(text: str, *, asked: bool) -> str | None:
    """The caller's name, as introduced; when it was asked for, a bare name or two will do."""
    introduced = re.search(rf"\b[Mm]y name(?: is|['’]s) {_NAME}", text) or re.search(
        r"\b(?:[Tt]his is|I am|I['’]m) ([A-Z][\w'’-]*(?: [A-Z][\w'’-]*)?)", text
    )
    if introduced:
        return _as_name(introduced[1])
    if not asked:
        return None
    bare = re.sub(r"(?i)^(um |uh |it['’]s |it is |this is |i am |i['’]m |call me |under )+", "", text.strip())
    words = re.sub(r"[.,!?]", "", bare).split()
    return _as_name(" ".join(words)) if 1 <= len(words) <= 3 else None


def _as_name(words: str) -> str | None:
    parts = words.replace("’", "'").split()
    if not all(re.fullmatch(r"[^\W\d_][\w'-]*", part) for part in parts):
        return None
    if any(_NOT_A_NAME.fullmatch(part) for part in parts):
        return None
    return " ".join(part[0].upper() + part[1:] for part in parts)[:60]
