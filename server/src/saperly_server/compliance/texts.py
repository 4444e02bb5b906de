"""The texts the platform itself sends: opt-out confirmation, help, opt-in confirmation.

Sources: CTIA Messaging Principles 5.1, 47 CFR 64.1200(a)(12). Each fits one GSM-7 segment of 160 characters.
A name is reduced to letters that every carrier's GSM-7 has and shortened to the room there is; a contact is
never altered, because a cut phone number or address is of no use.
"""

from __future__ import annotations

import unicodedata

NAME_LENGTH = 40
CONTACT_LENGTH = 48
SEGMENT_LENGTH = 160
UNNAMED = "This service"
"""Stands for a name that has no letter we can send in GSM-7, such as one written in Chinese."""

_OPT_OUT = "{name}: You are unsubscribed and will receive no more messages. Reply START to resubscribe."
_RATES = "Msg frequency varies. Msg & data rates may apply."
_HELP = f"{{name}}: For help contact {{contact}}. {_RATES} Reply STOP to opt out."
_OPT_IN = f"{{name}}: You are subscribed. {_RATES} Reply HELP for help, STOP to opt out."

# One unit each in the GSM 03.38 alphabet, without the letters some carriers leave out (Greek, `¤`, `Ç`).
_ASCII = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
SENDABLE = frozenset(_ASCII + "£¥§¡¿èéùìòàØøÅåÆæßÉÄÖÑÜäöñü")
_LOOKALIKES = str.maketrans("’‘´`“”„–—‐łŁđĐðÐı[]{}|\\", "''''\"\"\"---lLdDdDi()()//")


class ContactNotUsable(ValueError):
    """The help contact is empty, too long, or has characters that the HELP text cannot carry."""


def opt_out_confirmation(name: str) -> str:
    """Sent once, when a peer opts out. It carries no marketing."""
    return _fill(_OPT_OUT, name)


def opt_in_confirmation(name: str) -> str:
    """Sent once, when a peer opts in by keyword."""
    return _fill(_OPT_IN, name)


def help_reply(name: str, contact: str) -> str:
    """The answer to HELP. `contact` is a phone number, e-mail address or URL. Raises `ContactNotUsable`."""
    return _fill(_HELP, name, check_contact(contact))


def check_contact(contact: str) -> str:
    """The contact unchanged, if it can stand in the HELP text. Raises `ContactNotUsable`."""
    if not 0 < len(contact.strip()) <= len(contact) <= CONTACT_LENGTH or not SENDABLE.issuperset(contact):
        raise ContactNotUsable(
            f"A help contact is a phone number, e-mail address or URL of up to {CONTACT_LENGTH} characters."
        )
    return contact


def sendable_name(name: str, room: int = NAME_LENGTH) -> str:
    """The name in GSM-7 characters of one unit, at most `room` long: accents it cannot keep are dropped."""
    characters = "".join(_nearest(character) for character in name.translate(_LOOKALIKES))
    short = " ".join(characters.split()).lstrip(" :")[:room].rstrip(" -,.:;&(")
    return short if any(character.isalnum() for character in short) else UNNAMED[:room]


def _fill(text: str, name: str, contact: str = "") -> str:
    fixed = len(text.format(name="", contact=contact))
    return text.format(name=sendable_name(name, min(NAME_LENGTH, SEGMENT_LENGTH - fixed)), contact=contact)


def _nearest(character: str) -> str:
    if character in SENDABLE:
        return character
    if character.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", character)
    return "".join(part for part in plain if part in SENDABLE)
