"""Phone numbers in E.164 form: what counts as one, whose country it is, and what kind of service answers.

The number plan is Google's `phonenumbers` data. Importing it takes about 50 ms and 7 MiB, so the first
function that needs it does, and no other module; a server calls `preload` before it takes traffic.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NewType

E164 = NewType("E164", str)
"""A number that `parse_e164` accepted: `+`, country code, national number, 7 to 15 digits in all."""

_STRICT_FORM = re.compile(r"\+[1-9][0-9]{6,14}")
_NON_GEOGRAPHIC = "001"

# `+1` is shared by 25 countries and territories; the area code says which one. An area code that is not
# listed is the United States: its own, toll-free ones, and unassigned ones such as 555 (used in fiction).
_NORTH_AMERICAN_AREA_CODES = {
    "CA": (
        "204 226 236 249 250 257 263 273 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 468 "
        "474 506 514 519 548 579 581 584 587 600 604 613 622 633 639 647 672 683 705 709 742 753 778 780 782 "
        "807 819 825 867 873 879 902 905 942"
    ),
    "AG": "268",
    "AI": "264",
    "AS": "684",
    "BB": "246",
    "BM": "441",
    "BS": "242",
    "DM": "767",
    "DO": "809 829 849",
    "GD": "473",
    "GU": "671",
    "JM": "658 876",
    "KN": "869",
    "KY": "345",
    "LC": "758",
    "MP": "670",
    "MS": "664",
    "PR": "787 939",
    "SX": "721",
    "TC": "649",
    "TT": "868",
    "VC": "784",
    "VG": "284",
    "VI": "340",
}
_COUNTRY_BY_AREA_CODE = {
    area_code: country for country, area_codes in _NORTH_AMERICAN_AREA_CODES.items() for area_code in area_codes.split()
}


class NotE164(ValueError):
    """The text is not a number in E.164 form. The message helps and never repeats the private text."""


class Service(StrEnum):
    """What kind of service a number reaches, where the number plan tells."""

    ORDINARY = "ordinary"
    PREMIUM = "premium"
    PERSONAL = "personal"


def preload() -> None:
    """Import the number plan now, so that no request has to wait for it."""
    import phonenumbers  # noqa: F401


def parse_e164(text: str) -> E164:
    """The number, if `text` is exactly one in E.164 form (ITU-T E.164); nothing is trimmed or rewritten.

    A number must be *possible* (known country code, a length its plan uses), not *assigned*: the ones
    reserved for documentation, such as `+15555550123`, are accepted. A trunk prefix (`+440…`) and a local
    number without its area code are refused, because the network would dial something else.

    Raises `NotE164` with a sentence for the person who wrote the number.
    """
    if _STRICT_FORM.fullmatch(text) is None:
        raise NotE164(_form_problem(text))
    problem = _plan_problem(text)
    if problem is not None:
        raise NotE164(problem)
    return E164(text)


def country_of(e164: E164) -> str | None:
    """ISO 3166-1 alpha-2 code of the number's country; None for numbers of no country (satellite, global).

    A number that is possible but not assigned belongs to the main country of its country code.
    """
    if e164.startswith("+1"):
        return _COUNTRY_BY_AREA_CODE.get(e164[2:5], "US")
    import phonenumbers as plan

    number = plan.parse(e164)
    region = plan.region_code_for_number(number) or plan.region_code_for_country_code(number.country_code or 0)
    return None if region == _NON_GEOGRAPHIC else region


def service_of(e164: E164) -> Service:
    """Premium-rate and personal (follow-me) numbers of any country, as far as the number plan marks them."""
    import phonenumbers as plan

    kind = plan.number_type(plan.parse(e164))
    if kind == plan.PhoneNumberType.PREMIUM_RATE:
        return Service.PREMIUM
    if kind == plan.PhoneNumberType.PERSONAL_NUMBER:
        return Service.PERSONAL
    return Service.ORDINARY


def _plan_problem(text: str) -> str | None:
    import phonenumbers as plan

    try:
        number = plan.parse(text)
    except plan.NumberParseException:
        return "The digits after + do not start with a country code that is in use."
    if plan.format_number(number, plan.PhoneNumberFormat.E164) != text:
        return "Leave out the trunk prefix, the digit dialled before the area code inside the country."
    if plan.is_possible_number_with_reason(number) != plan.ValidationResult.IS_POSSIBLE:
        return f"No number with country code +{number.country_code} has this many digits."
    return None


def _form_problem(text: str) -> str:
    example = "for example +15555550123"
    if not text.startswith("+"):
        return f"Write the number in E.164 form, starting with + and the country code, {example}."
    if not (text[1:].isascii() and text[1:].isdigit()):
        return f"Write only digits after the +, without spaces, dashes or brackets, {example}."
    if text[1] == "0":
        return f"A country code never starts with 0; write + and the country code, {example}."
    return f"A number in E.164 form has 7 to 15 digits after the +, {example}."
