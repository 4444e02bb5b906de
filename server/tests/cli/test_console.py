"""What a development server shows: the banner, and a line or an object for everything that happens."""

from __future__ import annotations

import io
import json

import pytest
from saperly_carriers.simulated import PartyLeg
from saperly_server.cli.console.banner import Banner, Step, banner_lines
from saperly_server.cli.console.lines import lines_of
from saperly_server.cli.console.screen import JsonLines, Terminal
from saperly_server.cli.console.story import CallStory, Totals
from saperly_server.cli.console.style import Style
from saperly_server.cli.console.watch import watch_messages

from ..stage import Stage

PEER = "+12025550143"
URL = "http://localhost:8787"


class _Stream(io.StringIO):
    def __init__(self, encoding: str, *, terminal: bool = False) -> None:
        super().__init__()
        self._encoding, self._terminal = encoding, terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def _banner(**other: object) -> Banner:
    steps = [Step(name, "x" * 70, 1.25) for name in ("data", "carrier", "brain", "demo")]
    keys = [("Live key", "sk_live_" + "x" * 38), ("Test key", "sk_test_" + "x" * 38), ("Saved to", ".env.saperly")]
    values: dict[str, object] = {
        "version": "1.0.0",
        "welcome_back": False,
        "steps": steps,
        "url": URL,
        "keys": keys,
        "number": "+14155550100",
        "answered_by": "Demo receptionist",
        "ready_sec": 2.1,
        "notice": "Port 8787 is in use by another program, so this is port 8788.",
        **other,
    }
    return Banner(**values)  # type: ignore[arg-type]


def test_the_banner_fits_24_lines_of_80_columns() -> None:
    lines = banner_lines(_banner(), Style(_Stream("utf-8")))
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert any("+1 415 555 0100   → Demo receptionist" in line for line in lines)


def test_the_banner_is_plain_where_the_terminal_is() -> None:
    plain = "\n".join(banner_lines(_banner(), Style(_Stream("ascii"))))
    assert plain.isascii()
    assert "+1 415 555 0100   -> Demo receptionist" in plain


@pytest.mark.parametrize(
    ("terminal", "environ", "coloured"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(terminal: bool, environ: dict[str, str], coloured: bool) -> None:
    assert ("\x1b" in Style(_Stream("utf-8", terminal=terminal), environ).paint("x", "red")) is coloured


async def _call(stage: Stage, *, says: str | None = None) -> None:
    """A person calls, hears the agent out, says something and hangs up."""
    line = await stage.line()
    legs: list[PartyLeg] = []

    class Ear:
        async def ringing(self, leg: PartyLeg) -> None:
            legs.append(leg)

        async def answered(self, leg: PartyLeg) -> None: ...

        async def heard(self, leg: PartyLeg, text: str, utterance_id: str) -> None: ...

        async def dtmf(self, leg: PartyLeg, digit: str) -> None: ...

        async def ended(self, leg: PartyLeg, reason: str) -> None: ...

    stage.network.place_call(PEER, line["phoneNumber"], Ear())
    await stage.clock.advance(20)
    if says is not None:
        await legs[0].say(says)
        await stage.clock.advance(15)
    await legs[0].hang_up()
    await stage.clock.advance(2)


def _watched(stage: Stage) -> tuple[CallStory, list[dict[str, object]]]:
    told: list[dict[str, object]] = []
    story = CallStory(stage.process.services.rates, told.append, stage.clock.now)
    stage.process.services.calls.observe = story.observe
    return story, told


async def test_a_call_is_told_from_its_start_to_its_cost(stage: Stage) -> None:
    story, told = _watched(stage)
    await _call(stage, says="What are your opening hours?")
    kinds = [event["event"] for event in told]
    assert kinds == ["call.started", "call.answered", "call.disclosure", "call.turn", "call.turn", "call.ended"]
    started, _, disclosure, greeting, turn, ended = told
    assert (started["direction"], started["from"], started["environment"]) == ("inbound", PEER, "live")
    assert disclosure["outcome"] == "completed"
    assert greeting["words"] is None
    assert turn["words"] == "What are your opening hours?"
    assert "Monday to Friday" in str(turn["answer"])
    (call,) = await stage.get("/calls")
    assert (ended["callId"], ended["costCents"]) == (call["id"], call["costCents"])
    assert (story.totals.calls, story.totals.cents) == (1, call["costCents"])
    json.dumps(told)


async def test_every_event_of_a_call_has_its_lines(stage: Stage) -> None:
    _, told = _watched(stage)
    await _call(stage, says="What are your opening hours? " * 5)
    style = Style(_Stream("utf-8"))
    shown = [line for event in told for line in lines_of(event, URL, style)]
    assert max(map(len, shown)) <= 80
    text = "\n".join(shown)
    assert "call   inbound  +1 202 555 0143 → +1 415 555 0100" in text
    assert "disclosure spoken" in text
    assert "→ settled $0." in text
    assert f"{URL}/calls/call_" in text


async def test_texts_are_told_once_each(stage: Stage) -> None:
    import asyncio

    told: list[dict[str, object]] = []
    totals = Totals()
    services = stage.process.services
    watching = asyncio.ensure_future(
        watch_messages(services.db, stage.customer.tenant.workspace_id, told.append, totals)
    )
    number = await stage.number()
    await stage.consent(number, PEER)
    await stage.post("/messages", {"fromNumberId": number["id"], "to": PEER, "body": "Hello"})
    stage.network.send_text(PEER, number["phoneNumber"], "Hi there")
    await stage.clock.advance(3)

    async def both() -> None:
        while totals.messages < 2:
            await asyncio.sleep(0.05)

    await asyncio.wait_for(both(), 10)
    watching.cancel()
    kinds = [event["event"] for event in told if event["event"] != "message.finalized"]
    assert sorted(map(str, kinds)) == ["message.received", "message.sent"]
    style = Style(_Stream("utf-8"))
    text = "\n".join(line for event in told for line in lines_of(event, URL, style))
    assert '"Hi there"' in text


def test_a_quiet_terminal_shows_the_address_only() -> None:
    stream = _Stream("utf-8")
    screen = Terminal(quiet=True, stream=stream)
    screen.ready(_banner(), {})
    screen.tell({"event": "call.ended"})
    screen.over(Totals())
    assert stream.getvalue() == f"{URL}\n"


def test_a_program_gets_one_object_per_line() -> None:
    stream = _Stream("utf-8")
    screen = JsonLines(stream)
    screen.ready(_banner(), {"event": "ready"})
    screen.over(Totals(calls=1, cents=7))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["ready", "stopped"]
