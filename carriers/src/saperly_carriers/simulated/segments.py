"""How many segments a text takes (3GPP TS 23.038: GSM 7-bit alphabet, else UCS-2)."""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def encoding(text: str) -> str:
    """gsm7 if every character is in that alphabet, else ucs2."""
    return "gsm7" if (_BASIC | _EXTENDED).issuperset(text) else "ucs2"


def segments(text: str) -> int:
    """Segments of a text: 160 septets alone, 153 each in a row; in UCS-2 70 alone, 67 each in a row.

    A character that takes two units is never divided between segments.
    """
    if encoding(text) == "gsm7":
        return _count([2 if char in _EXTENDED else 1 for char in text], 160, 153)
    return _count([2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67)


def _count(widths: list[int], alone: int, in_a_row: int) -> int:
    if sum(widths) <= alone:
        return 1
    count, room = 1, in_a_row
    for width in widths:
        if width > room:
            count, room = count + 1, in_a_row
        room -= width
    return count
