"""E.164: what is accepted, and whose country it is."""

from __future__ import annotations

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from saperly_server.core.phone import E164, NotE164, Service, country_of, parse_e164, preload, service_of


@pytest.mark.parametrize(
    "text",
    [
        "+15555550123",  # documentation: possible, not assigned
        "+15555550199",
        "+15551230000",
        "+15005550006",  # simulated network
        "+14155550100",
        "+447700900123",
        "+4930123456",
        "+390612345678",  # Italy keeps its leading zero
        "+5491123456789",
        "+2901234",  # seven digits, the shortest
        "+8613912345678",
    ],
)
def test_numbers_in_e164_form_are_accepted_unchanged(text: str) -> None:
    assert parse_e164(text) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "starting with +"),
        ("+", "only digits"),
        ("4155550100", "starting with +"),
        ("0014155550100", "starting with +"),
        ("+1 415 555 0100", "only digits"),
        ("+1-415-555-0100", "only digits"),
        (" +14155550100", "starting with +"),
        ("+14155550100\n", "only digits"),
        ("+14155550100,200", "only digits"),
        ("+1415555010O", "only digits"),
        ("+١٤١٥٥٥٥٠١٠٠", "only digits"),
        ("+１4155550100", "only digits"),
        ("＋14155550100", "starting with +"),
        ("tel:+14155550100", "starting with +"),
        ("sip:agent@example.com", "starting with +"),
        ("+04155550100", "never starts with 0"),
        ("+911", "7 to 15"),
        ("+123456", "7 to 15"),
        ("+1234567890123456", "7 to 15"),
        ("+9991234567", "country code"),
        ("+2101234567", "country code"),
        ("+15550123", "this many digits"),  # local form without its area code
        ("+1415555010", "this many digits"),
        ("+141555501000", "this many digits"),
        ("+4402079460000", "trunk prefix"),
        ("+115555550123", "trunk prefix"),
    ],
)
def test_anything_else_is_refused_with_a_sentence_that_helps(text: str, hint: str) -> None:
    with pytest.raises(NotE164, match=hint.replace("+", r"\+")) as refusal:
        parse_e164(text)
    assert isinstance(refusal.value, ValueError)
    assert not text.strip("+") or text not in str(refusal.value)


@pytest.mark.parametrize(
    ("e164", "country"),
    [
        ("+14155550100", "US"),
        ("+15555550123", "US"),
        ("+15005550006", "US"),
        ("+18005550199", "US"),
        ("+14165550123", "CA"),
        ("+19425550123", "CA"),
        ("+12425550123", "BS"),
        ("+18765550123", "JM"),
        ("+18095550123", "DO"),
        ("+17875550123", "PR"),
        ("+16715550123", "GU"),
        ("+447700900123", "GB"),
        ("+447781123456", "GG"),
        ("+77012345678", "KZ"),
        ("+74951234567", "RU"),
        ("+37712345678", "MC"),
        ("+3834712345678"[:12], "XK"),
        ("+881612345678", None),
        ("+80012345678", None),
        ("+870773111632", None),
    ],
)
def test_a_number_belongs_to_its_country(e164: str, country: str | None) -> None:
    assert country_of(parse_e164(e164)) == country


def test_every_fraud_prone_area_code_is_not_the_united_states() -> None:
    abroad = "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
    territories = "340 670 671 684 787 939"
    for area_code in f"{abroad} {territories}".split():
        assert country_of(E164(f"+1{area_code}5550123")) != "US"


def test_area_codes_agree_with_the_number_plan() -> None:
    """Wherever the plan assigns an ordinary number to one country, so do we."""
    for area_code in range(200, 1000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area_code}2345678"))
        region = phonenumbers.region_code_for_number(number)
        if region is not None and service_of(E164(f"+1{area_code}2345678")) is Service.ORDINARY:
            assert country_of(E164(f"+1{area_code}2345678")) == region


@pytest.mark.parametrize(
    ("e164", "service"),
    [
        ("+19005550123", Service.PREMIUM),
        ("+15005550006", Service.PERSONAL),
        ("+449091234567", Service.PREMIUM),
        ("+447012345678", Service.PERSONAL),
        ("+447700900123", Service.ORDINARY),
        ("+15555550123", Service.ORDINARY),
    ],
)
def test_premium_and_personal_numbers_are_recognised(e164: str, service: Service) -> None:
    assert service_of(E164(e164)) is service


digits = st.text("0123456789", min_size=1, max_size=16)
likely = st.sampled_from(["1", "1415555", "44", "49", "39", "54", "52", "7", "81", "86", "881", "999", "0", ""])


@given(st.one_of(st.text(max_size=20), st.builds(lambda a, b: f"+{a}{b}", likely, digits)))
@example("+14155550100")
@example("+11005550100")
def test_an_accepted_number_is_dialable_and_has_at_most_one_country(text: str) -> None:
    try:
        e164 = parse_e164(text)
    except NotE164:
        return
    number = phonenumbers.parse(text)
    assert e164 == text == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert 7 <= len(text) - 1 <= 15
    assert phonenumbers.is_possible_number(number)
    country = country_of(e164)
    assert country is None or (len(country) == 2 and country.isalpha() and country.isupper())


@given(st.integers(2_000_000_000, 9_999_999_999))
def test_every_ten_digit_north_american_number_is_accepted(national: int) -> None:
    assert parse_e164(f"+1{national}") == f"+1{national}"


def test_the_number_plan_is_imported_only_when_it_is_needed() -> None:
    program = (
        "import sys; from saperly_server.core import phone; before = 'phonenumbers' in sys.modules;"
        "phone.preload(); sys.exit(before or 'phonenumbers' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=30).returncode == 0
    preload()
