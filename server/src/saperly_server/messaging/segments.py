"""How many SMS segments a text takes (3GPP TS 23.038 and 23.040). The text itself is never changed.

A text whose characters are all in the GSM 03.38 alphabet travels as GSM-7; one other character makes the
whole of it UCS-2. Money is reserved by this count; a carrier that packs by the standard never counts more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""One unit each. `Ç` is in, `ç` is not; neither are the backtick and the tab."""

GSM7_EXTENSION = frozenset("^{}\\[~]|€\f")
"""Two units each: an escape and a basic character, which must stay together."""

_GSM7 = GSM7_BASIC | GSM7_EXTENSION
_FIRST_SUPPLEMENTARY = 0x10000


class Encoding(StrEnum):
    """How the text travels."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """`units` are septets (GSM-7) or UTF-16 code units (UCS-2); `segments`, at least 1, are billed."""

    encoding: Encoding
    units: int
    segments: int


@dataclass(frozen=True, slots=True)
class _Capacity:
    """Units of a text sent whole, and of each segment of a split one (the header takes the rest)."""

    whole: int
    split: int


_CAPACITY = {Encoding.GSM7: _Capacity(160, 153), Encoding.UCS2: _Capacity(70, 67)}


def measure(body: str) -> Segmentation:
    """Encoding, units and segments of `body`. An empty body is one empty GSM-7 segment."""
    encoding = Encoding.GSM7 if _GSM7.issuperset(body) else Encoding.UCS2
    costs = _gsm7_costs(body) if encoding is Encoding.GSM7 else _ucs2_costs(body)
    units = sum(costs)
    capacity = _CAPACITY[encoding]
    return Segmentation(encoding, units, 1 if units <= capacity.whole else _pack(costs, capacity.split))


def _gsm7_costs(body: str) -> list[int]:
    return [2 if character in GSM7_EXTENSION else 1 for character in body]


def _ucs2_costs(body: str) -> list[int]:
    return [2 if ord(character) >= _FIRST_SUPPLEMENTARY else 1 for character in body]


def _pack(costs: Iterable[int], size: int) -> int:
    """Segments of `size` units, filled in order; a two-unit character that does not fit opens the next."""
    segments, filled = 1, 0
    for cost in costs:
        if filled + cost > size:
            segments, filled = segments + 1, 0
        filled += cost
    return segments
