from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import (
    CallHandle,
    CarrierRejected,
    DtmfReceived,
    EventKind,
    Heard,
    Interrupted,
    RejectReason,
    SpeechClosed,
    SpeechConfig,
    SpeechReady,
    SpeechSession,
    Spoken,
)
from saperly_carriers.simulated import NetworkSettings, PartyLeg, load_script

if TYPE_CHECKING:
    from carriers.tests.conftest import Person, World

LINE = "This line has exactly forty-five characters.."
assert len(LINE) == 45


class Talk:
    """A call between an agent and a person, connected and ready."""

    def __init__(self, world: World, call: CallHandle, session: SpeechSession, leg: PartyLeg) -> None:
        self.world = world
        self.call = call
        self.session = session
        self.leg = leg

    async def say(self, text: str = LINE, *, interruptible: bool = True, uid: str = "u1") -> None:
        await self.session.say(text, utterance_id=uid, interruptible=interruptible)


async def begin(world: World, person: Person, config: SpeechConfig | None = None) -> Talk:
    person.picks_up = True
    world.network.take_calls(world.peer, person)
    call = await world.connected()
    session = await world.listen(call, config)
    world.speech.clear()
    return Talk(world, call, session, person.legs[0])


@pytest.fixture
async def talk(world: World, person: Person) -> Talk:
    return await begin(world, person)


async def test_a_session_is_ready_a_moment_after_it_is_opened(world: World) -> None:
    call = await world.connected()
    await world.carrier.calls.open_speech(call, SpeechConfig(), world.note, world.op())
    assert world.said() == []
    await world.clock.advance(0.1)
    assert world.said() == [SpeechReady()]


async def test_what_is_said_before_the_session_is_ready_is_played_then(world: World) -> None:
    call = await world.connected()
    session = await world.carrier.calls.open_speech(call, SpeechConfig(), world.note, world.op())
    await session.say("Hello", utterance_id="u", interruptible=True)
    await world.clock.advance(1)
    assert world.said() == [SpeechReady(), Spoken("u")]


async def test_speaking_takes_fifteen_characters_a_second(talk: Talk, person: Person) -> None:
    start = talk.world.elapsed()
    await talk.say()
    await talk.world.clock.advance(2.9)
    assert talk.world.speech == []
    await talk.world.clock.advance(1)
    ((at, event),) = talk.world.speech
    assert at == pytest.approx(start + 3)
    assert event == Spoken("u1")
    assert person.noticed[-1] == f"heard {LINE}"


async def test_lines_are_played_one_after_another(talk: Talk, person: Person) -> None:
    await talk.say("One.", uid="a")
    await talk.say("Two.", uid="b")
    await talk.world.clock.advance(2)
    assert talk.world.said() == [Spoken("a"), Spoken("b")]
    assert [line.text for line in talk.world.network.log.heard_by(talk.world.peer)] == ["One.", "Two."]


async def test_a_person_who_speaks_interrupts_and_is_then_heard(talk: Talk, person: Person) -> None:
    await talk.say()
    await talk.world.clock.advance(1)
    start = talk.world.elapsed()
    await talk.leg.say("Wait a minute!!")
    await talk.world.clock.advance(3)
    assert talk.world.speech == [
        (start, Interrupted("u1", "This line has")),
        (pytest.approx(start + 1 + 0.3), Heard("Wait a minute!!", final=True)),
    ]
    assert person.noticed[-1] == "heard This line has"


async def test_an_interruption_drops_the_lines_behind_as_well(talk: Talk) -> None:
    await talk.say(uid="a")
    await talk.say(uid="b")
    await talk.world.clock.advance(1)
    await talk.leg.say("Stop")
    await talk.world.clock.advance(0.1)
    assert talk.world.said() == [Interrupted("a", "This line has"), Interrupted("b", "")]


async def test_an_uninterruptible_line_behind_an_interrupted_one_is_played(talk: Talk) -> None:
    await talk.say(uid="a")
    await talk.say("Goodbye.", uid="b", interruptible=False)
    await talk.world.clock.advance(1)
    await talk.leg.say("Stop")
    await talk.world.clock.advance(5)
    assert talk.world.said() == [Interrupted("a", "This line has"), Spoken("b"), Heard("Stop", final=True)]


async def test_an_uninterruptible_line_is_not_cut_and_the_person_is_heard_after_it(talk: Talk) -> None:
    await talk.say(interruptible=False)
    await talk.world.clock.advance(0.5)
    await talk.leg.say("But")
    await talk.world.clock.advance(2)
    assert talk.world.speech == []
    await talk.world.clock.advance(1)
    assert talk.world.said() == [Spoken("u1"), Heard("But", final=True)]


async def test_a_line_that_begins_while_the_person_talks_is_cut_at_once(talk: Talk) -> None:
    await talk.leg.say("I am going to talk for quite some time now.")
    await talk.world.clock.advance(1)
    await talk.say()
    await talk.world.clock.advance(0.1)
    assert talk.world.said() == [Interrupted("u1", "")]
    assert talk.world.network.log.heard_by(talk.world.peer) == []


async def test_text_may_stream_in_pieces(talk: Talk, person: Person) -> None:
    for piece, last in (("Hello ", False), ("there", False), ("", True)):
        await talk.session.say(piece, utterance_id="s", interruptible=True, last=last)
    await talk.world.clock.advance(2)
    assert talk.world.said() == [Spoken("s")]
    assert person.noticed[-2:] == ["heard Hello ", "heard there"]
    (line,) = talk.world.network.log.heard_by(talk.world.peer)
    assert (line.text, line.complete) == ("Hello there", True)


async def test_a_stream_that_stalls_is_not_over(talk: Talk) -> None:
    await talk.session.say("Hello", utterance_id="s", interruptible=True, last=False)
    await talk.say("Next.", uid="n")
    await talk.world.clock.advance(30)
    assert talk.world.said() == []
    await talk.leg.say("Hm")
    await talk.world.clock.advance(1)
    assert talk.world.said()[:2] == [Interrupted("s", "Hello"), Interrupted("n", "")]


async def test_what_still_streams_in_after_an_interruption_is_not_played(talk: Talk, person: Person) -> None:
    await talk.session.say("Once upon a time ", utterance_id="s", interruptible=True, last=False)
    await talk.world.clock.advance(1)
    await talk.leg.say("Stop")
    await talk.world.clock.advance(1)
    await talk.session.say("there was a king ", utterance_id="s", interruptible=True, last=False)
    await talk.session.say("and he was old.", utterance_id="s", interruptible=True)
    await talk.say("Yes?", uid="n")
    await talk.world.clock.advance(10)
    assert talk.world.said() == [Interrupted("s", "Once upon a"), Heard("Stop", final=True), Spoken("n")]
    assert person.noticed[-1] == "heard Yes?"


async def test_cancelling_stops_even_an_uninterruptible_line(talk: Talk) -> None:
    await talk.say(interruptible=False)
    await talk.say(uid="u2")
    await talk.world.clock.advance(1)
    await talk.session.cancel_speech()
    await talk.world.clock.advance(5)
    assert talk.world.said() == [Interrupted("u1", "This line has"), Interrupted("u2", "")]


async def test_keys_are_heard_by_the_agent_one_by_one(talk: Talk) -> None:
    await talk.leg.press("1w#")
    await talk.world.clock.advance(2)
    assert talk.world.said() == [DtmfReceived("1"), DtmfReceived("#")]
    assert talk.world.of(EventKind.CALL_DTMF) == []


async def test_keys_without_a_session_come_as_events(world: World, person: Person) -> None:
    person.picks_up = True
    world.network.take_calls(world.peer, person)
    await world.connected()
    await person.legs[0].press("5")
    await world.clock.advance(1)
    assert world.one(EventKind.CALL_DTMF).data == {"digit": "5"}


async def test_keys_of_the_agent_reach_the_person_once(talk: Talk, person: Person) -> None:
    await talk.session.send_dtmf("12")
    op = talk.world.op()
    await talk.world.carrier.calls.send_dtmf(talk.call, "W3", op)
    await talk.world.carrier.calls.send_dtmf(talk.call, "W3", op)
    await talk.world.clock.advance(4)
    assert [line for line in person.noticed if line.startswith("dtmf")] == ["dtmf 1", "dtmf 2", "dtmf 3"]


async def test_partial_guesses_come_while_the_person_talks_if_wanted(world: World, person: Person) -> None:
    talk = await begin(world, person, SpeechConfig(partials=True))
    await talk.leg.say("I would like to order two pizzas")
    await world.clock.advance(5)
    assert world.said() == [
        Heard("I would like to", final=False),
        Heard("I would like to order two", final=False),
        Heard("I would like to order two pizzas", final=True),
    ]


async def test_recognition_makes_the_same_mistakes_for_the_same_seed(
    make_world: type[World], make_person: type[Person]
) -> None:
    heard = []
    for seed in (1, 1, 2):
        settings = NetworkSettings(order_latency_sec=0, recognition_error_rate=0.4)
        talk = await begin(make_world(settings, seed), make_person())
        await talk.leg.say("one two three four five six seven eight nine ten")
        await talk.world.clock.advance(10)
        heard.append(talk.world.said())
    assert heard[0] == heard[1] != heard[2]
    assert heard[0] != [Heard("one two three four five six seven eight nine ten", final=True)]


async def test_a_second_session_is_refused_until_the_first_is_closed(talk: Talk) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await talk.world.listen(talk.call)
    assert refusal.value.reason is RejectReason.STATE
    await talk.session.close(hangup=False)
    await talk.world.listen(talk.call)
    assert talk.world.said() == [SpeechClosed("closed"), SpeechReady()]


async def test_a_closed_session_takes_nothing_more(talk: Talk) -> None:
    await talk.session.close(hangup=False)
    await talk.session.close(hangup=False)
    with pytest.raises(CarrierRejected) as refusal:
        await talk.say()
    assert refusal.value.reason is RejectReason.STATE


async def test_closing_with_hangup_ends_the_call(talk: Talk, person: Person) -> None:
    await talk.session.close(hangup=True)
    await talk.world.clock.advance(1)
    assert talk.world.said() == [SpeechClosed("closed")]
    assert talk.world.one(EventKind.CALL_ENDED).data["ended_by"] == "platform"
    assert person.noticed[-1] == "ended completed"


async def test_the_end_of_the_call_closes_the_session_and_tells_what_was_heard(talk: Talk) -> None:
    await talk.say(interruptible=False)
    await talk.world.clock.advance(1)
    await talk.leg.hang_up()
    await talk.world.clock.advance(5)
    assert talk.world.said() == [SpeechClosed("call_ended")]
    (line,) = talk.world.network.log.heard_by(talk.world.peer)
    assert (line.text, line.complete) == ("This line has", False)
    with pytest.raises(CarrierRejected) as refusal:
        await talk.say()
    assert refusal.value.reason is RejectReason.CALL_ENDED


async def test_a_line_longer_than_the_carrier_allows_is_refused(talk: Talk) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await talk.say("x" * 3001)
    assert refusal.value.reason is RejectReason.INVALID_VALUE


async def test_a_listener_may_act_on_what_it_is_told(world: World) -> None:
    """Each event is told after the one before it was dealt with, whatever the listener does."""
    world.network.add_party(world.peer, load_script("steps: [say: Hi]"))
    sessions: list[SpeechSession] = []
    told: list[object] = []

    async def answer_back(event: object) -> None:
        told.append(event)
        await world.clock.sleep(1)
        if isinstance(event, Heard):
            await sessions[0].say("Hi to you", utterance_id="r", interruptible=True)
        if isinstance(event, Spoken):
            await sessions[0].close(hangup=True)

    call = await world.connected()
    sessions.append(await world.carrier.calls.open_speech(call, SpeechConfig(), answer_back, world.op()))
    await world.clock.advance(30)
    assert told == [SpeechReady(), Heard("Hi", final=True), Spoken("r"), SpeechClosed("closed")]
