"""Which destinations nobody may reach, and which SIP addresses are safe to hand on."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_server.compliance.destinations import (
    Destination,
    Kind,
    NotSipTarget,
    Refusal,
    SipTarget,
    destination,
    sip_target,
)

KINDS = get_args(Kind)

REFUSED = {
    Refusal.EMERGENCY: "911 112 999 933 988 000 +911 +1911 1911 +44999 +49112 +61000 +19115550123 +19885550123",
    Refusal.SHORT: "211 311 411 511 611 711 811 1411 101 72345 262966 +12345 123456 *72 #31# *67911 +12115550123",
    Refusal.PREMIUM: "+19005550123 +14159765555 +12129761234 +97912345678 +979123456789 +80812345678 +449091234567",
    Refusal.PERSONAL: "+15005550006 +17005550123 +15215550123 +15335550123 +15885550123 +447012345678 +87812345678901",
    Refusal.SATELLITE: "+881612345678 +882123456789 +883123456789012 +870773111632 +8811234567",
    Refusal.NO_COUNTRY: "+88812345678 +80012345678",
    Refusal.MALFORMED: "+1415555 4155550100 sip:agent@example.com +10005550123 +11005550123 +9991234567 tel:911 call",
}
ALLOWED = {
    "+14155550100": "US",
    "+15555550123": "US",
    "+15551230000": "US",
    "+18005550199": "US",
    "+14165550123": "CA",
    "+18765550123": "JM",
    "+17875550123": "PR",
    "+447700900123": "GB",
    "+4930123456": "DE",
    "+525512345678": "MX",
}


REFUSED_NUMBERS = [(refusal, to) for refusal, numbers in REFUSED.items() for to in numbers.split()]


@pytest.mark.parametrize(("refusal", "to"), REFUSED_NUMBERS)
def test_a_destination_nobody_may_reach_is_refused_for_every_kind_of_contact(refusal: Refusal, to: str) -> None:
    for kind in KINDS:
        found = destination(to, kind)
        assert found.refused is refusal
        assert found.why is not None
        assert found.why.endswith(".")


@pytest.mark.parametrize(("to", "country"), ALLOWED.items())
def test_an_ordinary_number_is_allowed_and_names_its_country(to: str, country: str) -> None:
    for kind in KINDS:
        assert destination(to, kind) == Destination(kind, country, None)
        assert destination(to, kind).why is None


@pytest.mark.parametrize(
    "to", ["", " ", "911 ", " 911", "+1 911", "９１１", "+1 415 555 0100", "+14155550100,911", "+14155550100\n"]
)
def test_nothing_but_an_exact_number_is_a_destination(to: str) -> None:
    assert destination(to, "call").refused is not None


@pytest.mark.parametrize("to", ["+15005550000", "+15005550006", "+15005551010", "+15005559999"])
def test_the_simulated_recipients_are_open_to_simulated_traffic_only(to: str) -> None:
    for kind in KINDS:
        assert destination(to, kind, simulated=True) == Destination(kind, "US", None)
        assert destination(to, kind).refused is Refusal.PERSONAL


@pytest.mark.parametrize("to", ["911", "+19005550123", "+15005540006", "+15005560006", "+17005550006", "+881612345678"])
def test_simulated_traffic_opens_nothing_else(to: str) -> None:
    assert destination(to, "call", simulated=True).refused is not None


def test_a_refusal_is_told_in_the_words_of_what_was_asked() -> None:
    emergency = "Emergency and crisis numbers cannot be called from here; dial them from a phone."
    assert destination("911", "call").why == emergency
    assert destination("+19005550123", "sms").why == "Premium-rate and shared-cost numbers cannot be texted from here."
    assert destination("+881612345678", "transfer").why == "Satellite numbers cannot be transferred to from here."


@given(st.text("0123456789", min_size=1, max_size=6), st.sampled_from(["", "+"]), st.booleans())
def test_nothing_of_six_digits_or_fewer_is_ever_reachable(digits: str, plus: str, simulated: bool) -> None:
    for kind in KINDS:
        assert destination(plus + digits, kind, simulated=simulated).refused is not None


@given(st.text("0123456789", min_size=7, max_size=7), st.integers(200, 999), st.booleans())
def test_the_976_exchange_is_premium_in_every_area_code(rest: str, area_code: int, simulated: bool) -> None:
    assert destination(f"+1{area_code}976{rest[:4]}", "call", simulated=simulated).refused is not None
    assert destination(f"+1900{rest}", "sms", simulated=simulated).refused is Refusal.PREMIUM


@given(st.text(max_size=24))
def test_a_destination_that_is_allowed_always_has_a_country(to: str) -> None:
    found = destination(to, "call")
    assert (found.refused is None) <= (found.country is not None)


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("sip:agent@example.com", SipTarget("sip", "agent", "example.com", None, None)),
        ("sips:agent@pbx.example.com", SipTarget("sips", "agent", "pbx.example.com", None, None)),
        ("sip:proj_1@api.example.com;transport=tls", SipTarget("sip", "proj_1", "api.example.com", None, "tls")),
        ("SIP:Agent@PBX.Example.COM:5061;Transport=TLS", SipTarget("sip", "Agent", "pbx.example.com", 5061, "tls")),
        ("sip:+14155550100@b.example:5060;transport=udp", SipTarget("sip", "+14155550100", "b.example", 5060, "udp")),
        ("sip:101@pbx.example.com;transport=tcp", SipTarget("sip", "101", "pbx.example.com", None, "tcp")),
        ("sip:a.b-c_d~e@xn--bcher-kva.example", SipTarget("sip", "a.b-c_d~e", "xn--bcher-kva.example", None, None)),
    ],
)
def test_a_plain_sip_address_is_accepted_in_one_written_form(uri: str, target: SipTarget) -> None:
    assert sip_target(uri) == target
    assert sip_target(target.uri) == target


@pytest.mark.parametrize(
    "uri",
    [
        *["", "sip:", "sip:agent", "sip:@example.com", "agent@example.com", "http://example.com", "tel:+14155550100"],
        *["sip:agent@10.0.0.1", "sip:agent@127.0.0.1", "sip:agent@8.8.8.8:5060", "sip:agent@[::1]", "sip:agent@::1"],
        *["sip:agent@2130706433", "sip:agent@0x7f.1", "sip:agent@127.1", "sip:agent@1.2.3.0x4", "sip:a@example.123"],
        *["sip:agent@localhost", "sip:agent@pbx", "sip:a@pbx.localhost", "sip:a@pbx.local", "sip:a@db.internal"],
        *["sip:a@x.lan", "sip:a@x.corp", "sip:a@x.home.arpa", "sip:a@x.onion", "sip:a@x.invalid", "sip:a@x.test"],
        *["sip:a@example.com.", "sip:a@.example.com", "sip:a@example..com", "sip:a@-x.com", "sip:a@x-.com"],
        *["sip:agent:secret@example.com", "sip:a%40b@example.com", "sip:a b@example.com", "sip:a@b@example.com"],
        *["sip:a@example.com?Subject=x", "sip:a@example.com;transport=ws", "sip:a@example.com;lr"],
        *["sip:a@example.com;transport=udp;transport=tls", "sip:a@example.com;maddr=10.0.0.1", "sip:a;x=1@example.com"],
        *["sip:a@example.com:0", "sip:a@example.com:65536", "sip:a@example.com:", "sip:a@example.com:05060"],
        *[
            "sips:a@example.com;transport=udp",
            "sip:a@example.com\r\nX: y",
            "sip:a@example.com,911",
            " sip:a@example.com",
        ],
        *[
            "sip:a@exaſmple.com",
            "sip:a@eхample.com",
            "ſip:a@example.com",
            "sip:ü@example.com",
            "sip:" + "a" * 65 + "@b.com",
        ],
        *[
            "sip:911@pbx.example.com",
            "sip:1911@pbx.example.com",
            "sip:9-1-1@pbx.example.com",
            "sip:988@pbx.example.com",
        ],
        *["sip:+19005550123@x.com", "sip:19005550123@x.com", "sip:+1-900-555-0123@x.com", "sip:+881612345678@x.com"],
        *["sip:+123@x.com", "sip:*72@x.com", "sip:a@" + "b" * 64 + ".com", "sip:a@" + "b." * 130 + "com"],
    ],
)
def test_a_sip_address_that_could_reach_elsewhere_is_refused(uri: str) -> None:
    with pytest.raises(NotSipTarget) as refusal:
        sip_target(uri)
    assert str(refusal.value).endswith((".", "tls."))


@given(st.from_regex(r"sips?:[a-z0-9+.]{1,8}@[a-z0-9.\-]{1,20}(:\d{1,5})?(;transport=(udp|tcp|tls))?", fullmatch=True))
def test_an_accepted_sip_address_survives_a_round_trip(uri: str) -> None:
    try:
        target = sip_target(uri)
    except NotSipTarget:
        return
    assert sip_target(target.uri) == target
    assert "." in target.host
    assert not target.host.replace(".", "").isdigit()
