"""The banner: what was started, where it is, and what to try; at most 24 lines of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saperly_server.cli.output import spaced

from .style import Style

_MOST_LINES = 24


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was made ready, and how long it took. `warning`: it works without."""

    name: str
    what: str
    seconds: float
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What there is to tell. `keys` are lines of (name, text); `number` is the demo's."""

    version: str
    welcome_back: bool
    steps: Sequence[Step]
    url: str
    keys: Sequence[tuple[str, str]]
    number: str | None
    answered_by: str | None
    ready_sec: float
    notice: str | None = None


def banner_lines(banner: Banner, style: Style) -> list[str]:
    """The lines to print, in characters and colours that the terminal has."""
    head = style.paint(f"saperly {banner.version}", "bold")
    again = "welcome back" if banner.welcome_back else "the phone carrier for AI agents, on your machine"
    lines = ["", f"  {head} · {again}", ""]
    lines += [_step(step, style) for step in banner.steps]
    if banner.notice:
        lines.append(f"  {style.paint(banner.notice, 'yellow')}")
    lines += ["", *_places(banner, style), "", *_try(banner), "", _foot()]
    return [style.fit(line) for line in lines][:_MOST_LINES]


def _step(step: Step, style: Style) -> str:
    mark = style.paint("!", "yellow") if step.warning else style.paint("✓", "green")
    return f"  {mark} {step.name:<10} {style.cut(step.what, 56):<57}{step.seconds:5.1f} s"


def _places(banner: Banner, style: Style) -> list[str]:
    arrow = style.paint("➜", "green")
    lines = [f"  {arrow}  API          {style.paint(banner.url, 'bold')}      description  /openapi.json"]
    if banner.number is not None:
        lines.append(f"     Your number  {spaced(banner.number)}   → {banner.answered_by}")
    lines += [f"     {name:<11}  {text}" for name, text in banner.keys]
    return [*lines, f"     {'Ready in':<11}  {banner.ready_sec:.1f} s"]


def _try(banner: Banner) -> list[str]:
    lines = ["  Try in another terminal"]
    if banner.number is not None:
        lines.append(f"     saperly call {banner.number}            talk to it here, by typing")
        lines.append(f'     saperly sms {banner.number} "hello"     text it')
    return [*lines, f'     curl {banner.url.removeprefix("http://")}/numbers -H "Authorization: Bearer $(saperly key)"']


def _foot() -> str:
    return "  No account, no telemetry. Ctrl+C stops."
