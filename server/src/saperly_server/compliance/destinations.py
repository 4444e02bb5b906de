"""Destinations nobody may reach from here, whoever asks: one answer for calls, texts and transfers.

Emergency and crisis lines (47 CFR 64.1200(a)(1)(i)-(ii); this is not a 911 service), short codes, premium and
personal numbers, satellite and other numbers of no country, and SIP addresses that could reach into a
network. Which countries are open to a workspace is that workspace's setting, decided where the setting is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from saperly_server.core.phone import E164, NotE164, Service, country_of, parse_e164, service_of

Kind = Literal["call", "sms", "transfer"]
Transport = Literal["udp", "tcp", "tls"]


class Refusal(StrEnum):
    """Why a destination is never reachable."""

    EMERGENCY = "emergency"
    SHORT = "short"
    MALFORMED = "malformed"
    PREMIUM = "premium"
    PERSONAL = "personal"
    SATELLITE = "satellite"
    NO_COUNTRY = "no_country"


_WHO_IS_REFUSED = {
    Refusal.EMERGENCY: "Emergency and crisis numbers",
    Refusal.SHORT: "Service codes and short codes",
    Refusal.MALFORMED: "Numbers not written in E.164 form (for example +15555550123)",
    Refusal.PREMIUM: "Premium-rate and shared-cost numbers",
    Refusal.PERSONAL: "Personal (follow-me) numbers",
    Refusal.SATELLITE: "Satellite numbers",
    Refusal.NO_COUNTRY: "Numbers that belong to no country",
}
_DONE: dict[Kind, str] = {"call": "called", "sms": "texted", "transfer": "transferred to"}


@dataclass(frozen=True, slots=True)
class Destination:
    """`country` is ISO 3166-1 alpha-2 or None; `refused` says why nobody may reach it, None if somebody may."""

    kind: Kind
    country: str | None
    refused: Refusal | None = None

    @property
    def why(self) -> str | None:
        """The refusal as a sentence for the person who asked."""
        if self.refused is None:
            return None
        advice = "; dial them from a phone" if self.refused is Refusal.EMERGENCY else ""
        return f"{_WHO_IS_REFUSED[self.refused]} cannot be {_DONE[self.kind]} from here{advice}."


# 911 and its test code, the suicide and crisis line, and the emergency numbers of other countries.
_EMERGENCY = "911|933|988|112|999|000|110|111|113|118|119|995"
_EMERGENCY_CODE = re.compile(rf"(?:\+(?:[1-9][0-9]{{0,2}})?|1)?(?:{_EMERGENCY})")
_SHORT = re.compile(r"\+?[0-9]{1,6}|[*#][0-9*#]{1,6}")
_SIMULATED = re.compile(r"\+1500555[0-9]{4}")

# North America. Area codes of the form N11 are service codes: a switch may act on those three digits alone.
_EMERGENCY_AREA_CODES = frozenset({"911", "933", "988"})
_PERSONAL_AREA_CODES = frozenset(
    {"500", "700"}
    | {"521", "522", "523", "524", "525", "526", "527", "528", "529"}
    | {"532", "533", "535", "538", "542", "543", "544", "545", "546", "547", "549", "550"}
    | {"552", "553", "554", "556", "566", "569", "577", "578", "588", "589"}
)
_PREMIUM_AREA_CODE = "900"
_PREMIUM_EXCHANGE = "976"

# Country codes of no country (ITU-T E.164).
_GLOBAL_CODES = {
    "+808": Refusal.PREMIUM,  # shared cost
    "+979": Refusal.PREMIUM,  # international premium rate
    "+878": Refusal.PERSONAL,  # universal personal numbers
    "+870": Refusal.SATELLITE,  # Inmarsat
    "+881": Refusal.SATELLITE,  # Globalstar, Iridium
    "+882": Refusal.SATELLITE,  # international networks, satellite among them
    "+883": Refusal.SATELLITE,
    "+888": Refusal.NO_COUNTRY,  # disaster relief
}


@lru_cache(maxsize=10_000)
def destination(to: str, kind: Kind, *, simulated: bool = False) -> Destination:
    """Whose country `to` is, and whether it is refused to everybody. Remembered: it follows from the digits alone, and an
    agent writes to the same people again and again.

    `simulated`: this traffic can only reach the simulated network. It opens that network's scripted
    recipients, `+1 500 555 0000` to `9999`, which are personal numbers anywhere else, and nothing more.
    """
    refused = _refused_code(to)
    if refused:
        return Destination(kind, None, refused)
    try:
        e164 = parse_e164(to)
    except NotE164:
        return Destination(kind, None, Refusal.MALFORMED)
    if simulated and _SIMULATED.fullmatch(e164):
        return Destination(kind, "US")
    return Destination(kind, country_of(e164), _refused_number(e164))


def _refused_code(to: str) -> Refusal | None:
    if _EMERGENCY_CODE.fullmatch(to):
        return Refusal.EMERGENCY
    if _SHORT.fullmatch(to):
        return Refusal.SHORT
    return _GLOBAL_CODES.get(to[:4])


def _refused_number(e164: E164) -> Refusal | None:
    refused = _refused_in_north_america(e164[2:]) if e164.startswith("+1") else None
    if refused:
        return refused
    if country_of(e164) is None:
        return Refusal.NO_COUNTRY
    return {Service.PREMIUM: Refusal.PREMIUM, Service.PERSONAL: Refusal.PERSONAL}.get(service_of(e164))


def _refused_in_north_america(national: str) -> Refusal | None:
    area_code, exchange = national[:3], national[3:6]
    if area_code in _EMERGENCY_AREA_CODES:
        return Refusal.EMERGENCY
    if area_code.endswith("11"):
        return Refusal.SHORT
    if area_code[0] in "01":
        return Refusal.MALFORMED
    if area_code == _PREMIUM_AREA_CODE or exchange == _PREMIUM_EXCHANGE:
        return Refusal.PREMIUM
    return Refusal.PERSONAL if area_code in _PERSONAL_AREA_CODES else None


class NotSipTarget(ValueError):
    """The text is not a SIP address a call may be transferred to. The message says which part is wrong."""


@dataclass(frozen=True, slots=True)
class SipTarget:
    """A checked SIP address. Whether `host` is one the workspace allows is decided where that list is."""

    scheme: Literal["sip", "sips"]
    user: str
    host: str
    port: int | None
    transport: Transport | None

    @property
    def uri(self) -> str:
        """The address in its one written form: lower-case scheme and host, no parameter but the transport."""
        port = f":{self.port}" if self.port else ""
        transport = f";transport={self.transport}" if self.transport else ""
        return f"{self.scheme}:{self.user}@{self.host}{port}{transport}"


_SIP_URI = re.compile(
    r"(?P<scheme>sips?):(?P<user>[A-Z0-9+._~-]{1,64})@(?P<host>[A-Z0-9.-]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?(?:;transport=(?P<transport>udp|tcp|tls))?",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOP_LABEL = re.compile(r"[a-z][a-z0-9-]*")
_PRIVATE_DOMAINS = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa"}
    | {"onion", "invalid", "test"}
)
_TRANSPORTS: dict[str, Transport] = {"udp": "udp", "tcp": "tcp", "tls": "tls"}
_MAX_PORT = 65_535
_SIP_FORM = "Write sip:user@host.example.com, with no password, header or parameter but transport=udp|tcp|tls."


def sip_target(uri: str) -> SipTarget:
    """The parts of a `sip:` or `sips:` address (RFC 3261) that is safe to hand to a carrier.

    Refused with `NotSipTarget`: headers, passwords, escapes, parameters other than one
    `transport=udp|tcp|tls`; a host that is an IP address, a single label or a private name; a user part that
    is a refused phone number.
    """
    found = _SIP_URI.fullmatch(uri)
    if found is None:
        raise NotSipTarget(_SIP_FORM)
    target = SipTarget(
        scheme="sips" if found["scheme"].lower() == "sips" else "sip",
        user=found["user"],
        host=found["host"].lower(),
        port=int(found["port"]) if found["port"] else None,
        transport=_TRANSPORTS.get((found["transport"] or "").lower()),
    )
    problem = _host_problem(target.host) or _user_problem(target.user) or _connection_problem(target)
    if problem:
        raise NotSipTarget(problem)
    return target


def _host_problem(host: str) -> str | None:
    labels = host.split(".")
    if len(labels) == 1 or not all(_LABEL.fullmatch(label) for label in labels):
        return "The host of a SIP address is a full domain name such as sip.example.com."
    if _TOP_LABEL.fullmatch(labels[-1]) is None:
        return "The host of a SIP address is a domain name, not an IP address."
    if labels[-1] in _PRIVATE_DOMAINS:
        return "The host of a SIP address is a public domain name, not one of a private network."
    return None


def _user_problem(user: str) -> str | None:
    """The host dials a number in the user part, so the numbers nobody may call are refused there too."""
    digits = re.sub(r"[.-]", "", user)
    if _EMERGENCY_CODE.fullmatch(digits):
        return Destination("transfer", None, Refusal.EMERGENCY).why
    if user.startswith("+") or re.fullmatch(r"1[0-9]{10}", digits):
        return destination(f"+{digits.removeprefix('+')}", "transfer").why
    return None


def _connection_problem(target: SipTarget) -> str | None:
    if target.port is not None and target.port > _MAX_PORT:
        return "The port of a SIP address is a number from 1 to 65535."
    if target.scheme == "sips" and target.transport == "udp":
        return "sips: is always encrypted, which transport=udp is not; leave it out or use transport=tls."
    return None
