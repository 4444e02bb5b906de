"""What a caller sees: a conversation on a terminal, or one JSON object per line."""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol

from saperly_server.cli.console.style import Style
from saperly_server.cli.output import dollars, spaced

from .exchange import Exchange
from .keyboard import is_terminal
from .line import Frame

_PROMPT = "you> "
_CLEAR = "\r\x1b[K"


class Display(Protocol):
    """Shows a call while it goes on."""

    def waiting(self, number: str) -> None: ...

    def notice(self, frame: Frame, exchange: Exchange) -> None: ...

    def said(self, text: str) -> None: ...

    def help(self) -> None: ...

    def over(self, exchange: Exchange) -> None: ...


def display_for(machine: bool) -> Display:
    return JsonDisplay() if machine else TerminalDisplay(typing=is_terminal())


class JsonDisplay:
    """The telephone's own frames as events, and what was said on this side."""

    def waiting(self, number: str) -> None:
        self._print("waiting", number=number)

    def notice(self, frame: Frame, exchange: Exchange) -> None:
        self._print(frame["type"], **{name: value for name, value in frame.items() if name != "type"})

    def said(self, text: str) -> None:
        self._print("said", text=text)

    def help(self) -> None:
        """A program knows what it sends."""

    def over(self, exchange: Exchange) -> None:
        """Everything was told by the frames."""

    def _print(self, event: str, **facts: Any) -> None:
        print(json.dumps({"event": event, **facts}, ensure_ascii=False), flush=True)


class TerminalDisplay:
    """For a person. `typing`: they type what they say, so there is a prompt, and their own words are on screen already."""

    def __init__(self, *, typing: bool) -> None:
        self._style = Style(sys.stdout)
        self._typing = typing
        self._prompted = False

    def waiting(self, number: str) -> None:
        self._line(f"Waiting for a call to {spaced(number)}. Ctrl+C ends it.", "dim")

    def notice(self, frame: Frame, exchange: Exchange) -> None:
        match frame["type"]:
            case "ringing":
                self._line(f"{spaced(frame['from'])} → {spaced(frame['to'])}  ringing", "dim")
            case "answered":
                told = "  type to talk; /press 1, /hangup" if self._typing else ""
                self._line(f"answered{told}", "dim")
            case "heard":
                who = "disclosure" if frame.get("disclosure") else "agent"
                self._line(f"{who}> {frame['text']}", "yellow" if who == "disclosure" else "cyan")
            case "dtmf":
                self._line(f"agent> [{frame['digit']}]", "cyan")
            case "ended":
                self._line(f"ended: {frame['reason'].replace('_', ' ')}", "dim")
                return
            case "error":
                self._line(frame["message"], "red")
        if frame["type"] in ("answered", "heard", "error"):
            self._prompt()

    def said(self, text: str) -> None:
        self._prompted = False
        if self._typing:
            self._prompt()
        else:
            self._line(f"you> {text}")

    def help(self) -> None:
        self._prompted = False
        self._line("Every line is said. /press 12# presses keys, /hangup ends the call.", "dim")
        self._prompt()

    def over(self, exchange: Exchange) -> None:
        settled = exchange.settled
        if settled is not None:
            cost = dollars(settled["costCents"])
            self._line(f"{settled['status']}, {settled['durationSec']} s, {cost} ({settled['environment']} balance)")
            self._line(f"transcript: GET /calls/{settled['callId']}/transcript", "dim")

    def _line(self, text: str, colour: str | None = None) -> None:
        """Above the prompt, if there is one."""
        shown = self._style.fit(text)
        print(f"{_CLEAR if self._prompted else ''}{self._style.paint(shown, colour) if colour else shown}", flush=True)
        self._prompted = False

    def _prompt(self) -> None:
        if self._typing:
            print(f"{_CLEAR if self._prompted else ''}{_PROMPT}", end="", flush=True)
            self._prompted = True
