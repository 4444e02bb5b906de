"""Texts that come in: stored, taken as consent, and acted upon when they are STOP, HELP or START."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_server import ledger

from .conftest import Stage
from .wire import PEER, allow, balance, facts, furnished, outcome, stranger, text

STOPPED = "Acme: You are unsubscribed and will receive no more messages. Reply START to resubscribe."
STARTED = (
    "Acme: You are subscribed. Msg frequency varies. Msg & data rates may apply. Reply HELP for help, STOP to opt out."
)


@pytest.fixture
async def line(stage: Stage) -> Any:
    return await stage.line()


async def arrives(stage: Stage, line: Any, body: str, *, sender: str = PEER) -> None:
    stage.network.send_text(sender, line["phoneNumber"], body)
    await stage.clock.advance(4)


def received(stage: Stage, peer: str = PEER) -> list[str]:
    return [one.text for one in stage.network.inbox(peer)]


async def consent(stage: Stage, line: Any) -> Any:
    return await stage.get("/consent/check", numberId=line["id"], peerNumber=PEER)


async def test_a_text_that_comes_in_is_listed_free_and_as_it_was_written(stage: Stage, line: Any) -> None:
    before = await balance(stage)
    await arrives(stage, line, "Hello, is anybody there? 👋")
    (message,) = await stage.get("/messages")
    assert (message["direction"], message["status"], message["segments"]) == ("inbound", "received", 1)
    assert (message["from"], message["to"]) == (PEER, line["phoneNumber"])
    assert message["body"] == "Hello, is anybody there? 👋"
    assert await balance(stage) == before


async def test_who_writes_first_may_be_answered(stage: Stage, line: Any) -> None:
    await arrives(stage, line, "Hello")
    assert await consent(stage, line) == {"hasConsent": True, "type": "implied_inbound"}
    assert (await stage.get("/consent"))[0]["source"] == "inbound_sms"
    assert (await text(stage, line)).status_code == 201


async def test_an_answer_is_allowed_from_the_number_that_was_written_to_only(stage: Stage, line: Any) -> None:
    other = await stage.line()
    await arrives(stage, line, "Hello")
    assert outcome(await text(stage, other)) == (403, "ConsentRequired")


async def test_stop_ends_contact_with_one_free_confirmation(stage: Stage, line: Any) -> None:
    await allow(stage.client, line)
    before = await balance(stage)
    await arrives(stage, line, "STOP")
    assert received(stage) == [STOPPED]
    assert await balance(stage) == before
    assert await consent(stage, line) == {"hasConsent": False}
    assert facts(await text(stage, line)) == {"_tag": "RecipientOptedOut", "to": PEER}


async def test_every_word_for_stopping_stops(stage: Stage, line: Any) -> None:
    words = ("stop", "Stop.", "UNSUBSCRIBE", "cancel", "END", "quit", "stopall", "revoke", "optout")
    peers = {f"+1202555015{place}": word for place, word in enumerate(words)}
    for peer, word in peers.items():
        stage.network.send_text(peer, line["phoneNumber"], word)
    await stage.clock.advance(4)
    for peer, word in peers.items():
        assert received(stage, peer) == [STOPPED], word


async def test_stopping_one_number_stops_the_whole_workspace(stage: Stage, line: Any) -> None:
    other = await stage.line()
    for number in (line, other):
        await allow(stage.client, number)
    await arrives(stage, line, "STOP")
    assert facts(await text(stage, other)) == {"_tag": "RecipientOptedOut", "to": PEER}


async def test_a_second_stop_gets_silence(stage: Stage, line: Any) -> None:
    for _ in range(3):
        await arrives(stage, line, "STOP")
    assert received(stage) == [STOPPED]


async def test_writing_on_after_stop_is_no_new_consent(stage: Stage, line: Any) -> None:
    await arrives(stage, line, "STOP")
    await arrives(stage, line, "By the way, nice weather")
    assert outcome(await text(stage, line)) == (403, "RecipientOptedOut")


async def test_start_lifts_the_peers_own_stop_with_one_confirmation(stage: Stage, line: Any) -> None:
    await arrives(stage, line, "STOP")
    for _ in range(2):
        await arrives(stage, line, "START")
    assert received(stage) == [STOPPED, STARTED]
    assert await consent(stage, line) == {"hasConsent": True, "type": "explicit_outbound"}
    assert (await text(stage, line)).status_code == 201


async def test_help_is_answered_once_a_day_and_changes_no_consent(stage: Stage, line: Any) -> None:
    for _ in range(3):
        await arrives(stage, line, "HELP")
    (answer,) = received(stage)
    assert answer.startswith("Acme: For help contact +")
    assert await consent(stage, line) == {"hasConsent": False}
    stage.process.worker.stop()
    await stage.clock.advance(24 * 3600)
    await arrives(stage, line, "HELP")
    answers = [one["body"] for one in await stage.get("/messages") if one["direction"] == "outbound"]
    assert answers == [answer, answer]


async def test_help_is_answered_to_those_who_opted_out_too(stage: Stage, line: Any) -> None:
    await arrives(stage, line, "STOP")
    await arrives(stage, line, "INFO")
    assert len(received(stage)) == 2
    assert outcome(await text(stage, line)) == (403, "RecipientOptedOut")


async def test_the_confirmation_needs_neither_money_nor_a_brain(stage: Stage, line: Any) -> None:
    left = await balance(stage)
    async with stage.process.services.db.system() as tx:
        assert await ledger.charge(tx, stage.customer.tenant, left, line["id"], "spent")
    assert await balance(stage) == 0
    await arrives(stage, line, "STOP")
    assert received(stage) == [STOPPED]


async def test_a_number_that_is_texted_about_nothing_of_ours_leaves_no_trace(stage: Stage, line: Any) -> None:
    await stage.post(f"/numbers/{line['id']}/release")
    stage.network.messages.receive(PEER, line["phoneNumber"], "Hello")
    await stage.clock.advance(4)
    assert await stage.get("/messages") == []


async def test_two_workspaces_see_only_the_texts_of_their_own_numbers(stage: Stage, line: Any) -> None:
    other = await stranger(stage)
    theirs = await furnished(stage, other)
    await arrives(stage, theirs, "Hello")
    assert await stage.get("/messages") == []
    assert [message["body"] for message in (await other.get("/messages")).json()] == ["Hello"]
