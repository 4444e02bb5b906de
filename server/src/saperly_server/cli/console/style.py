"""How a stream can be written to: its colours, its characters, its width."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

_COLOURS = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "dim": "2", "bold": "1"}
_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "➜": ">", "→": "->", "·": "-", "…": "...", "“": '"', "”": '"', "’": "'", "—": "-", "–": "-"}
)
_NARROW, _WIDE = 80, 160


class Style:
    """Colour only on a terminal that wants it; plain ASCII where the encoding has no more."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str] = os.environ) -> None:
        terminal = stream.isatty()
        self.colour = terminal and "NO_COLOR" not in environ and environ.get("TERM") != "dumb"
        self.ascii = not _can_encode(stream.encoding)
        columns = shutil.get_terminal_size((_NARROW, 24)).columns if terminal else _NARROW
        self.width = max(_NARROW, min(columns, _WIDE))

    def paint(self, text: str, colour: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colour else text

    def fit(self, text: str) -> str:
        """The text in characters that the stream has."""
        return text.translate(_ASCII).encode("ascii", "replace").decode() if self.ascii else text

    def cut(self, text: str, length: int) -> str:
        """One line of at most `length` characters."""
        line = " ".join(text.split())
        return line if len(line) <= length else line[: max(length - 1, 0)] + "…"


def _can_encode(encoding: str | None) -> bool:
    try:
        "✓➜→·…".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
