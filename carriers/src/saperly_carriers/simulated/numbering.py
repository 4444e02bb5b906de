"""Number plans: what is a possible number, and which ranges are set aside for fiction.

Sources: ITU-T E.164 (at most fifteen digits); the North American Numbering Plan (area codes 200-999, second
digit not 9, not N11; 555-0100 to 555-0199 kept for fiction); Ofcom's numbers for TV and radio drama; the
Federal Network Agency's numbers for media productions in Germany (notice 148/2021).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saperly_carriers.records import NumberType

TOLL_FREE_CODES = ("800", "833", "844", "855", "866", "877", "888")

DEFAULT_AREA_CODES = {
    "US": ("212", "415", "305", "312", "206", "617", "512", "702", "404", "303", "213", "214", "215", "503",
           "602", "612", "619", "713", "804", "919"),
    "CA": ("416", "604", "514", "403", "613"),
}  # fmt: skip

_CANADIAN = """
204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 460 468 474 506
514 519 537 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902
905 942
"""
_OTHER_COUNTRIES = "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
CANADIAN_CODES = frozenset(_CANADIAN.split())
OTHER_COUNTRIES_CODES = frozenset(_OTHER_COUNTRIES.split())
_NOT_SOLD = frozenset({"500", "533", "600", "700", "900", *TOLL_FREE_CODES})

_FICTION_ABROAD: dict[tuple[str, NumberType], tuple[str, int]] = {
    ("GB", NumberType.LOCAL): ("+442079460", 3),
    ("GB", NumberType.MOBILE): ("+447700900", 3),
    ("GB", NumberType.NATIONAL): ("+443069990", 3),
    ("GB", NumberType.TOLL_FREE): ("+448081570", 3),
    ("DE", NumberType.LOCAL): ("+493023125", 3),
}
_LISTED_ABROAD = 20

COUNTRIES = frozenset({"US", "CA", "GB", "DE"})

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_NANP = re.compile(r"\+1[2-9]\d{9}", re.ASCII)
_AREA_CODE = re.compile(r"(?!\d11)[2-9][0-8]\d", re.ASCII)
_SIP = re.compile(
    r"sips?:(?P<user>[A-Za-z0-9._+-]+)@(?P<host>[A-Za-z0-9.-]+)(:\d{1,5})?(;transport=(udp|tcp|tls))?",
    re.ASCII,
)
_COUNTRY_PREFIX = {"GB": "+44", "DE": "+49"}


def is_e164(number: str) -> bool:
    """A possible number; one that begins with +1 also has exactly ten digits after it."""
    pattern = _NANP if number.startswith("+1") else _E164
    return pattern.fullmatch(number) is not None


def is_possible_area_code(country: str, area_code: str) -> bool:
    """Whether an area code can exist there: three digits by the plan in North America, else one to five."""
    if country in DEFAULT_AREA_CODES:
        return _AREA_CODE.fullmatch(area_code) is not None
    return re.fullmatch(r"[1-9]\d{0,4}", area_code, re.ASCII) is not None


def sip_target(uri: str) -> tuple[str, str] | None:
    """User and host of a sip: or sips: URI that is fit to be called; None for anything else."""
    match = _SIP.fullmatch(uri)
    return (match["user"], match["host"].lower()) if match else None


def fictional_numbers(country: str, number_type: NumberType, area_code: str | None) -> Iterator[str]:
    """All numbers there that the simulated network can sell, in their fixed order."""
    if country in DEFAULT_AREA_CODES:
        for code in _codes(country, number_type, area_code):
            yield from (f"+1{code}55501{line:02d}" for line in range(100))
        return
    prefix, digits = _FICTION_ABROAD.get((country, number_type), ("", 0))
    wanted = _COUNTRY_PREFIX.get(country, "") + (area_code or "")
    if prefix and prefix.startswith(wanted):
        yield from (f"{prefix}{line:0{digits}d}" for line in range(_LISTED_ABROAD))


def _codes(country: str, number_type: NumberType, area_code: str | None) -> tuple[str, ...]:
    if number_type is NumberType.TOLL_FREE:
        codes = TOLL_FREE_CODES
        return codes if area_code is None else tuple(code for code in codes if code == area_code)
    if number_type is not NumberType.LOCAL:
        return ()
    if area_code is None:
        return DEFAULT_AREA_CODES[country]
    return (area_code,) if _is_sold_in(country, area_code) else ()


def _is_sold_in(country: str, area_code: str) -> bool:
    if country == "CA":
        return area_code in CANADIAN_CODES
    return area_code not in CANADIAN_CODES | OTHER_COUNTRIES_CODES | _NOT_SOLD


def find_fictional(e164: str) -> tuple[str, NumberType] | None:
    """Country and type of a number that the network can sell; None for any other."""
    if match := re.fullmatch(r"\+1(\d{3})55501\d\d", e164, re.ASCII):
        return _find_american(match[1])
    for (country, number_type), (prefix, digits) in _FICTION_ABROAD.items():
        line = e164.removeprefix(prefix)
        if e164.startswith(prefix) and len(line) == digits and line.isdecimal() and int(line) < _LISTED_ABROAD:
            return country, number_type
    return None


def _find_american(area_code: str) -> tuple[str, NumberType] | None:
    if area_code in TOLL_FREE_CODES:
        return "US", NumberType.TOLL_FREE
    if not is_possible_area_code("US", area_code):
        return None
    for country in ("CA", "US"):
        if _is_sold_in(country, area_code):
            return country, NumberType.LOCAL
    return None
