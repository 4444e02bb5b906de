"""Events as lines for a person: the time, what it is about, what happened; an id or an address at the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from saperly_server.cli.output import dollars, spaced

from .story import Event
from .style import Style

Lines = list[str]


def lines_of(event: Event, url: str, style: Style) -> Lines:
    """The lines of an event; none for one that a person need not see."""
    render = _RENDERERS.get(event["event"])
    if render is None:
        return []
    moment = f"{datetime.fromisoformat(event['at']).astimezone():%H:%M:%S}"
    first, *others = render(event, url, style)
    return [
        style.fit(f"  {style.paint(moment, 'dim')}  {first}"),
        *(style.fit(f"            {line}") for line in others),
    ]


def _started(event: Event, _: str, style: Style) -> Lines:
    who = f"{spaced(event['from'])} → {spaced(event['to'])}"
    return [f"{style.paint('call', 'cyan')}   {event['direction']:<8} {who}"]


def _disclosure(event: Event, _: str, style: Style) -> Lines:
    if event["outcome"] == "completed":
        return [f"call   disclosure spoken ({event['seconds']} s)"]
    return [style.paint(f"call   disclosure not finished: {event['outcome'].replace('_', ' ')}", "yellow")]


def _turn(event: Event, _: str, style: Style) -> Lines:
    wait = "" if event.get("waitMs") is None else f"  {event['waitMs']} ms"
    room = style.width - 12 - 7 - len(wait) - 2
    name = f"turn {event['turn']:<2}"
    lines = []
    if event["words"]:
        lines.append(f'"{style.cut(event["words"], room)}"{wait}')
    if event["answer"]:
        cut = " (interrupted)" if event["interrupted"] else ""
        lines.append(f'→ "{style.cut(event["answer"], room - 2 - len(cut))}"{cut}')
    return [f"{name}{lines[0]}", *(f"       {line}" for line in lines[1:])]


def _ended(event: Event, url: str, style: Style) -> Lines:
    cost = f"reserved {dollars(event['reservedCents'])} → settled {dollars(event['costCents'])}"
    how = event["status"].replace("_", " ")
    well = event["status"] == "completed"
    reason = "" if well or event["reason"] == event["status"] else f" ({event['reason'].replace('_', ' ')})"
    colour = "green" if well else "yellow"
    return [
        f"call   {style.paint(how, colour)}{reason} {event['durationSec']} s · {cost}",
        f"       {url}/calls/{event['callId']}",
    ]


def _message(said: str) -> Callable[[Event, str, Style], Lines]:
    def render(event: Event, _: str, style: Style) -> Lines:
        who = f"{spaced(event['from'])} → {spaced(event['to'])}"
        lines = [f"{style.paint('text', 'cyan')}   {who}  {event.get('status') or said}"]
        if event.get("body"):
            lines.append(f'       "{style.cut(event["body"], style.width - 22)}"')
        return [*lines, f"       {event['messageId']}"]

    return render


_RENDERERS: dict[str, Callable[[Event, str, Style], Lines]] = {
    "call.started": _started,
    "call.disclosure": _disclosure,
    "call.turn": _turn,
    "call.transfer": lambda event, _, __: [f"call   transferring to {event['to']}"],
    "call.optedOut": lambda event, _, style: [style.paint(f"call   opted out by {event['via']}", "yellow")],
    "call.ended": _ended,
    "message.sent": _message("sent"),
    "message.received": _message("received"),
}
