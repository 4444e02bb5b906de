"""The rate file and the arithmetic of prices."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_server.ledger import rating
from saperly_server.ledger.rating import (
    BUILT_IN,
    UNLIMITED_SEC,
    NumberNotOffered,
    NumberQuote,
    NumberType,
    RateCard,
    RateFileInvalid,
)

CARD = RateCard.load()
MANUAL = CARD.voice_rate("manual")
HOSTED = CARD.voice_rate("hosted")

rates = st.integers(0, 10**9)
positive_rates = st.integers(1, 10**9)
durations = st.integers(0, 10**5)
amounts = st.integers(0, 10**6)


def edited(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """A copy of the built-in file with texts replaced."""
    text = BUILT_IN.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "rates.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(RateFileInvalid) as refusal:
        RateCard.load(path)
    assert all(problem.key in str(refusal.value) for problem in refusal.value.problems)
    return {problem.key: problem.reason for problem in refusal.value.problems}


def test_the_built_in_prices_are_the_published_ones() -> None:
    assert CARD.signup_credit_cents == 500
    assert (MANUAL, HOSTED) == (13_000_000, 26_000_000)
    assert (CARD.voice.first_hold_sec, CARD.voice.hold_step_sec) == (120, 60)
    assert CARD.voice.max_outbound_call_sec == 900
    assert CARD.numbers.first_number_free


@pytest.mark.parametrize(
    ("rate", "seconds", "cents"),
    [
        (13_000_000, 0, 0),
        (13_000_000, 1, 1),
        (13_000_000, 4, 1),
        (13_000_000, 5, 2),
        (13_000_000, 59, 13),
        (13_000_000, 60, 13),
        (13_000_000, 61, 14),
        (13_000_000, 120, 26),
        (13_000_000, 900, 195),
        (26_000_000, 1, 1),
        (26_000_000, 60, 26),
        (26_000_000, 3600, 1560),
        (1, 1, 1),
        (0, 900, 0),
    ],
)
def test_voice_is_charged_by_the_second_and_rounded_up_once(rate: int, seconds: int, cents: int) -> None:
    assert RateCard.voice_cents(rate, seconds) == cents


@pytest.mark.parametrize(
    ("cents", "rate", "seconds"),
    [(0, MANUAL, 0), (1, MANUAL, 4), (13, MANUAL, 60), (26, MANUAL, 120), (500, HOSTED, 1153)],
)
def test_an_amount_pays_for_whole_seconds(cents: int, rate: int, seconds: int) -> None:
    assert RateCard.seconds_paid_by(cents, rate) == seconds


@given(rates, durations, durations)
def test_a_longer_call_never_costs_less(rate: int, seconds: int, more: int) -> None:
    assert RateCard.voice_cents(rate, seconds + more) >= RateCard.voice_cents(rate, seconds)


@given(rates, durations)
def test_the_price_is_the_exact_one_rounded_up(rate: int, seconds: int) -> None:
    price = RateCard.voice_cents(rate, seconds) * 60_000_000
    assert price - 60_000_000 < rate * seconds <= price


@given(rates, durations, durations)
def test_splitting_a_call_never_makes_it_cheaper(rate: int, first: int, second: int) -> None:
    split = RateCard.voice_cents(rate, first) + RateCard.voice_cents(rate, second)
    assert split - 1 <= RateCard.voice_cents(rate, first + second) <= split


@given(amounts, positive_rates)
def test_the_seconds_paid_by_an_amount_are_the_most_it_covers(cents: int, rate: int) -> None:
    seconds = RateCard.seconds_paid_by(cents, rate)
    assert RateCard.voice_cents(rate, seconds) <= cents
    assert seconds == UNLIMITED_SEC or RateCard.voice_cents(rate, seconds + 1) > cents


@given(durations, rates)
def test_the_price_of_a_time_pays_for_at_least_that_time(seconds: int, rate: int) -> None:
    assert RateCard.seconds_paid_by(RateCard.voice_cents(rate, seconds), rate) >= seconds


def test_a_free_rate_is_paid_for_without_end() -> None:
    assert RateCard.seconds_paid_by(0, 0) == UNLIMITED_SEC


@pytest.mark.parametrize(
    ("country", "cents"),
    [
        *[("US", 2), ("CA", 2), ("GB", 3), ("DE", 3), ("IE", 3), ("HR", 3), ("AU", 3), ("JP", 3), ("IL", 3)],
        *[("MX", 5), ("BR", 5), ("ZA", 5), ("CH", None), ("PR", None), ("us", None), ("", None)],
    ],
)
def test_a_segment_costs_what_its_zone_says(country: str, cents: int | None) -> None:
    assert CARD.sms_cents(country, 1) == cents
    assert CARD.sms_cents(country, 11) == (None if cents is None else 11 * cents)


def test_all_27_members_of_the_european_union_are_in_zone_b() -> None:
    outside = {"GB", "AU", "JP", "IL"}
    assert len(set(CARD.sms.zones["B"].countries) - outside) == 27


@given(st.sampled_from(["US", "GB", "BR"]), st.integers(0, 100), st.integers(0, 100))
def test_more_segments_never_cost_less(country: str, segments: int, more: int) -> None:
    less, all_of_them = CARD.sms_cents(country, segments), CARD.sms_cents(country, segments + more)
    assert less is not None
    assert all_of_them is not None
    assert all_of_them >= less


def test_a_rate_below_a_cent_is_rounded_over_the_whole_message(tmp_path: Path) -> None:
    card = RateCard.load(edited(tmp_path, ("micros_per_segment = 2_000_000", "micros_per_segment = 750_000")))
    assert [card.sms_cents("US", segments) for segments in (1, 2, 3, 4)] == [1, 2, 3, 3]


def test_a_number_is_quoted_by_country_and_type() -> None:
    assert CARD.quote("US", "local") == NumberQuote(monthly_cents=250, upfront_cents=0)
    for country, types in CARD.numbers.rent.items():
        for number_type in types:
            assert CARD.quote(country, number_type).monthly_cents >= 200


@pytest.mark.parametrize(
    ("country", "number_type", "offered"),
    [
        ("US", "mobile", ("local", "toll_free")),
        ("FR", "local", ()),
        ("us", "local", ()),
        ("US", "", ("local", "toll_free")),
    ],
)
def test_a_number_that_is_not_offered_names_what_is(country: str, number_type: str, offered: tuple[str, ...]) -> None:
    with pytest.raises(NumberNotOffered) as refusal:
        CARD.quote(country, number_type)
    assert refusal.value.types_offered == offered
    assert refusal.value.country == country


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        (
            "signup_credit_cents = 500",
            "signup_credit_cents = -1",
            "signup_credit_cents",
            "than or equal to 0",
        ),
        ("signup_credit_cents = 500", "signup_credit_cents = 5.0", "signup_credit_cents", "valid integer"),
        ("signup_credit_cents = 500", "signup_credit_cents = true", "signup_credit_cents", "valid integer"),
        ("signup_credit_cents = 500", 'signup_credit_cents = "500"', "signup_credit_cents", "valid integer"),
        ("signup_credit_cents = 500", "", "signup_credit_cents", "is missing"),
        ("signup_credit_cents = 500", "signup_credit_cents = 500\nbonus = 1", "bonus", "not a known key"),
        ("hold_step_sec = 60", "hold_step_sec = 0", "voice.hold_step_sec", "than or equal to 1"),
        ("hold_step_sec = 60", "hold_step_secs = 60", "voice.hold_step_secs", "not a known key"),
        ("hold_step_sec = 60", "hold_step_secs = 60", "voice.hold_step_sec", "is missing"),
        ("= 13_000_000", "= -13_000_000", "voice.manual_micros_per_min", "than or equal to 0"),
        ("= 13_000_000", "= 13_000_000.5", "voice.manual_micros_per_min", "valid integer"),
        ('["US", "CA"]', '["US", "Canada"]', "sms.zones.A.countries.1", "match pattern"),
        ('["US", "CA"]', '["US", "GB"]', "sms.zones.B.countries", "GB is in zone A already"),
        ('["US", "CA"]', '["US", "US"]', "sms.zones.A.countries", "US is in zone A already"),
        ("micros_per_segment = 5", "price = 5", "sms.zones.C.price", "not a known key"),
        (
            "first_number_free = true",
            "first_number_free = 1.5",
            "numbers.first_number_free",
            "valid boolean",
        ),
        ("[numbers.rent.US]", "[numbers.rent.USA]", "numbers.rent.USA", "match pattern"),
        ("local = {", "vanity = {", "numbers.rent.US.vanity", "'local', 'toll_free'"),
        (
            "monthly_cents = 250",
            "monthly_cents = -250",
            "numbers.rent.US.local.monthly_cents",
            "greater than",
        ),
        (", upfront_cents = 0", "", "numbers.rent.US.local.upfront_cents", "is missing"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_key(
    tmp_path: Path, old: str, new: str, key: str, reason: str
) -> None:
    found = problems(edited(tmp_path, (old, new)))
    assert reason in found[key]


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    path = edited(
        tmp_path, ("first_hold_sec = 120", "first_hold_sec = -1"), ("hold_step_sec = 60", "hold_step_sec = -1")
    )
    assert set(problems(path)) == {"voice.first_hold_sec", "voice.hold_step_sec"}


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    assert "file" in problems(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("signup_credit_cents = ", encoding="utf-8")
    assert "file" in problems(broken)
    broken.write_bytes(b"\xff\xfe")
    assert "file" in problems(broken)


def test_a_loaded_card_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        CARD.voice.hold_step_sec = 1  # type: ignore[misc]


def test_no_fraction_enters_a_price() -> None:
    with pytest.raises(TypeError):
        RateCard.voice_cents(MANUAL, 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        RateCard.seconds_paid_by(1.0, MANUAL)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        CARD.sms_cents("US", 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("quantity", [-1, -60])
def test_a_negative_quantity_has_no_price(quantity: int) -> None:
    with pytest.raises(ValueError, match="price"):
        RateCard.voice_cents(MANUAL, quantity)
    with pytest.raises(ValueError, match="price"):
        RateCard.seconds_paid_by(quantity, MANUAL)
    with pytest.raises(ValueError, match="price"):
        CARD.sms_cents("US", quantity)


def test_no_float_is_anywhere_in_the_rating_code_or_the_file() -> None:
    tree = ast.parse(Path(rating.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.Name) and node.id in {"float", "round", "Decimal"})
    assert all(isinstance(value, int | str) for value in leaves(tomllib.loads(BUILT_IN.read_text(encoding="utf-8"))))


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for child in value.values() for leaf in leaves(child)]
    if isinstance(value, list):
        return [leaf for child in value for leaf in leaves(child)]
    return [value]


def test_the_number_types_are_the_documented_ones() -> None:
    assert set(get_args(NumberType)) == {"local", "toll_free", "mobile", "national"}
