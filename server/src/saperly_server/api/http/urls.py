"""URLs that customers give us."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|[0-9A-Fa-f:.]+")


def webhook_url(value: str) -> str:
    """An https URL (RFC 3986) with a host and without credentials, as it was given. ValueError says what is wrong.

    Where it points is checked each time we connect, because a name can change where it points.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not a URL") from error
    if parts.scheme != "https":
        raise ValueError("must be an https URL")
    if not host or _HOST.fullmatch(host) is None:
        raise ValueError("must name a host; write an international name in its xn-- form")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold credentials")
    if _CHARACTERS.fullmatch(value) is None:
        raise ValueError("must hold only the characters of a URL; write any other as %XX")
    return value
