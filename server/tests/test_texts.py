"""The texts the platform itself sends fit one segment and say what they must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_server.compliance.texts import (
    CONTACT_LENGTH,
    NAME_LENGTH,
    SENDABLE,
    UNNAMED,
    ContactNotUsable,
    check_contact,
    help_reply,
    opt_in_confirmation,
    opt_out_confirmation,
    sendable_name,
)
from saperly_server.messaging.segments import Encoding, measure


def test_the_texts_are_the_standard_ones() -> None:
    rates = "Msg frequency varies. Msg & data rates may apply."
    assert opt_out_confirmation("Acme") == (
        "Acme: You are unsubscribed and will receive no more messages. Reply START to resubscribe."
    )
    assert help_reply("Acme", "+15555550123") == (
        f"Acme: For help contact +15555550123. {rates} Reply STOP to opt out."
    )
    assert opt_in_confirmation("Acme") == (f"Acme: You are subscribed. {rates} Reply HELP for help, STOP to opt out.")


names = st.one_of(st.text(max_size=120), st.text("abc Éçß東{€'’\n", max_size=120))
contacts = st.text(st.sampled_from(sorted(SENDABLE - {" "})), min_size=1, max_size=CONTACT_LENGTH)


@given(names, contacts)
def test_every_text_is_one_gsm7_segment_whatever_the_name(name: str, contact: str) -> None:
    for text in (opt_out_confirmation(name), opt_in_confirmation(name), help_reply(name, contact)):
        found = measure(text)
        assert (found.encoding, found.segments) == (Encoding.GSM7, 1)
        assert len(text) >= 20
        assert not text.startswith((":", " "))
        assert "\n" not in text


@given(names, contacts)
def test_the_contact_is_never_altered(name: str, contact: str) -> None:
    assert f"For help contact {contact}. " in help_reply(name, contact)


@given(names)
def test_preparing_a_name_twice_changes_nothing(name: str) -> None:
    prepared = sendable_name(name)
    assert sendable_name(prepared) == prepared
    assert 0 < len(prepared) <= NAME_LENGTH


def test_a_name_of_forty_characters_and_a_contact_of_twenty_stay_whole() -> None:
    name, contact = "N" * 40, "c" * 20
    assert opt_out_confirmation(name).startswith(name + ":")
    assert opt_in_confirmation(name).startswith(name + ":")
    assert help_reply(name, contact).startswith(f"{name}: For help contact {contact}.")


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Café Müller", "Café Müller"),
        ("Garçon & Fils", "Garcon & Fils"),
        ("Łódź Taxi", "Lodz Taxi"),
        ("Joe’s “Pizza”", 'Joe\'s "Pizza"'),
        ("A{b}[c]", "A(b)(c)"),
        ("  Two\n Lines  ", "Two Lines"),
        ("Acme™ 🚀", "AcmeTM"),
        ("株式会社", UNNAMED),
        ("東京 Pizza", "Pizza"),
        ("", UNNAMED),
        ("!!!", UNNAMED),
        ("{contact}", "(contact)"),
        ("A Very Long Company Name, Incorporated Ltd", "A Very Long Company Name, Incorporated L"),
    ],
)
def test_a_name_is_brought_into_the_alphabet(name: str, sent: str) -> None:
    assert sendable_name(name) == sent


@pytest.mark.parametrize("contact", ["", "   ", "x" * 49, "a€b", "a~b", "a\nb", "日本"])
def test_a_contact_that_cannot_stand_in_the_text_is_refused(contact: str) -> None:
    with pytest.raises(ContactNotUsable):
        check_contact(contact)


@pytest.mark.parametrize("contact", ["+15555550123", "help@acme.example", "https://acme.example/help?a=b"])
def test_a_phone_number_an_address_and_a_url_are_contacts(contact: str) -> None:
    assert check_contact(contact) == contact


def test_every_sendable_character_is_one_unit_of_gsm7() -> None:
    assert measure("".join(sorted(SENDABLE))).units == len(SENDABLE)
    assert measure("".join(sorted(SENDABLE))).encoding is Encoding.GSM7
