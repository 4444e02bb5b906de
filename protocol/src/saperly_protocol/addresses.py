"""Where a call can be sent and which tones can be pressed: shapes only.

Whether a destination may be dialled (emergency lines, premium numbers, enabled countries, allow-listed
hosts) is decided by the platform's destination policy, not here.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP = re.compile(
    r"sips?:"
    r"(?:[A-Za-z0-9\-_.!~*'()+]+@)?"
    r"[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)*"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:;transport=(?:udp|tcp|tls))?",
    re.IGNORECASE,
)
_LONGEST_ADDRESS = 255
_HIGHEST_PORT = 65535


def is_e164(address: str) -> bool:
    """A plus sign and 7 to 15 digits, the first not zero (ITU-T E.164)."""
    return _E164.fullmatch(address) is not None


def is_strict_sip_uri(address: str) -> bool:
    """`sip:` or `sips:`, an optional user, a host name, a port, at most one `transport=udp|tcp|tls`.

    Passwords, headers (`?`), other URI parameters, commas, spaces, escapes and control characters are
    refused: each of them has been used to make a carrier dial something else than the address shows.
    """
    match = _SIP.fullmatch(address)
    if match is None or len(address) > _LONGEST_ADDRESS:
        return False
    return match["port"] is None or 0 < int(match["port"]) <= _HIGHEST_PORT


def _callable_address(address: str) -> str:
    if not (is_e164(address) or is_strict_sip_uri(address)):
        raise ValueError("must be an E.164 number or a plain sip:/sips: URI")
    return address


CallableAddress = Annotated[str, AfterValidator(_callable_address)]
"""An E.164 number or a strict SIP URI."""

Tones = Annotated[str, StringConstraints(pattern=r"^[0-9*#A-DwW,]{1,32}$")]
"""Keys to press: `0-9 * # A-D`, pauses `w W ,`, at most 32."""
