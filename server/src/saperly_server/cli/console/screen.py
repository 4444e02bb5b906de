"""Where a development server shows things: a person's terminal, or one JSON object per line for a program."""

from __future__ import annotations

import json
import sys
from typing import Protocol, TextIO

from saperly_server.cli.output import dollars

from .banner import Banner, banner_lines
from .lines import lines_of
from .story import Event, Totals
from .style import Style


class Screen(Protocol):
    """What is shown of a server's life."""

    def ready(self, banner: Banner, event: Event) -> None: ...

    def tell(self, event: Event) -> None: ...

    def stopping(self, calls: int) -> None: ...

    def over(self, totals: Totals) -> None: ...


class Terminal:
    """For a person. `quiet` leaves out everything but where the server is."""

    def __init__(self, *, quiet: bool, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._style = Style(self._stream)
        self._quiet = quiet
        self._url = ""

    def ready(self, banner: Banner, event: Event) -> None:
        self._url = banner.url
        self._print([banner.url] if self._quiet else [*banner_lines(banner, self._style), ""])

    def tell(self, event: Event) -> None:
        if not self._quiet:
            self._print(lines_of(event, self._url, self._style))

    def stopping(self, calls: int) -> None:
        if calls and not self._quiet:
            self._print(["", f"  Ending {calls} live {'call' if calls == 1 else 'calls'}; Ctrl+C again does not wait."])

    def over(self, totals: Totals) -> None:
        if not self._quiet:
            self._print(["", f"  {_sum(totals)} Start again with: saperly"])

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            print(self._style.fit(line), file=self._stream)
        self._stream.flush()


class JsonLines:
    """For a program: one object per line on stdout."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def ready(self, banner: Banner, event: Event) -> None:
        self.tell(event)

    def tell(self, event: Event) -> None:
        print(json.dumps(event, ensure_ascii=False), file=self._stream, flush=True)

    def stopping(self, calls: int) -> None:
        self.tell({"event": "stopping", "liveCalls": calls})

    def over(self, totals: Totals) -> None:
        money = {"durationSec": totals.seconds, "costCents": totals.cents}
        self.tell({"event": "stopped", "calls": totals.calls, "messages": totals.messages, **money})


def _sum(totals: Totals) -> str:
    if not totals.calls and not totals.messages:
        return "Stopped."
    calls = f"{totals.calls} {'call' if totals.calls == 1 else 'calls'}, {totals.seconds} s, {dollars(totals.cents)}"
    return f"Stopped after {calls}, {totals.messages} {'text' if totals.messages == 1 else 'texts'}."
