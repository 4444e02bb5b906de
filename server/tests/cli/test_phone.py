"""The caller's side without a server: scripts, and whose turn it is."""

from __future__ import annotations

import asyncio

from saperly_server.cli.phone.exchange import BREATH_SEC, Exchange
from saperly_server.cli.phone.script import Expect, Press, Say, steps_in_order


def test_steps_run_in_the_order_of_the_command_line() -> None:
    line = [
        "call",
        "+1",
        "--say",
        "a",
        "--expect=b",
        "--timeout",
        "3",
        "--press",
        "1",
        "--say",
        "c",
        "--",
        "--say",
        "d",
    ]
    assert steps_in_order(line) == [Say("a"), Expect("b"), Press("1"), Say("c")]


def test_words_are_found_in_any_case_and_across_spaces() -> None:
    assert Expect("how CAN i").met_by("Hello!  How\n can I help?")
    assert not Expect("how can we").met_by("How can I help?")


def _heard(exchange: Exchange, text: str, utterance_id: str, **more: object) -> None:
    exchange.notice({"type": "heard", "text": text, "utteranceId": utterance_id, **more})


async def test_an_expectation_looks_at_what_was_heard_since_the_last_thing_said() -> None:
    exchange = Exchange()
    _heard(exchange, "How can I help?", "1")
    exchange.said("Are you open?")
    assert not exchange.meets(Expect("how can i help"))
    _heard(exchange, "We are open.", "2")
    assert exchange.meets(Expect("open"))
    assert exchange.meets(Expect("we are")), "one line may meet several"


async def test_pieces_of_one_utterance_are_one_line() -> None:
    exchange = Exchange()
    _heard(exchange, "How can ", "1")
    _heard(exchange, "I help?", "1")
    assert exchange.meets(Expect("how can i help"))
    assert [line.text for line in exchange.lines] == ["How can I help?"]


async def test_it_is_this_sides_turn_a_breath_after_the_other_side_fell_silent() -> None:
    exchange = Exchange()
    assert exchange.my_turn_in() is None
    exchange.notice({"type": "speaking"})
    assert exchange.my_turn_in() is None
    exchange.notice({"type": "quiet"})
    wait = exchange.my_turn_in()
    assert wait is not None
    assert 0 < wait <= BREATH_SEC
    exchange.notice({"type": "speaking"})
    assert exchange.my_turn_in() is None
    exchange.notice({"type": "quiet"})
    exchange.said("Yes.")
    assert exchange.my_turn_in() is None, "first comes the answer"


async def test_a_change_is_waited_for_with_a_limit() -> None:
    exchange = Exchange()
    assert not await exchange.change(0.01)
    waiting = asyncio.ensure_future(exchange.change(5))
    await asyncio.sleep(0)
    exchange.notice({"type": "ended", "reason": "completed"})
    assert await waiting
    assert exchange.ended == "completed"
