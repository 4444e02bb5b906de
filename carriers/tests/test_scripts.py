from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import EventKind, Heard, Interrupted, SpeechSession, Spoken
from saperly_carriers.simulated import Party, ScriptFailed, ScriptRun, load_script

if TYPE_CHECKING:
    from carriers.tests.conftest import World


class Agent:
    """Calls a party and says its lines one after another."""

    def __init__(self, world: World, *lines: str) -> None:
        self.world = world
        self.lines = lines
        self.session: SpeechSession | None = None

    async def meet(self, steps: str, seconds: float = 60) -> ScriptRun:
        return (await self.meet_party(steps, seconds)).runs[-1]

    async def meet_party(self, steps: str, seconds: float = 60) -> Party:
        party = self.world.network.add_party(self.world.peer, load_script(f"steps: {steps}"))
        self.session = await self.world.listen(await self.world.connected())
        for index, line in enumerate(self.lines):
            await self.session.say(line, utterance_id=str(index), interruptible=True)
        await self.world.clock.advance(seconds)
        return party


def exchange(run: ScriptRun) -> list[str]:
    return [f"{line.who}: {line.text}" for line in run.exchange]


def heard(world: World) -> list[str]:
    return [event.text for event in world.said() if isinstance(event, Heard)]


async def test_a_conversation_goes_by_the_script(world: World) -> None:
    run = await Agent(world, "This call may be recorded.", "How can I help?").meet(
        """
          - expect: MAY be recorded
          - expect: how can I help
          - say: I want a pizza.
          - pause: 1
          - press: "1#"
          - hang_up
        """
    )
    assert (run.failures, run.ended) == ([], "completed")
    assert exchange(run) == [
        "agent: This call may be recorded.",
        "agent: How can I help?",
        "party: I want a pizza.",
        "party: [presses 1#]",
        "party: [hangs up]",
    ]
    assert heard(world) == ["I want a pizza."]
    assert world.one(EventKind.CALL_ENDED).data["ended_by"] == "peer"


async def test_a_failed_expectation_shows_the_whole_exchange_and_ends_the_call(world: World) -> None:
    party = await Agent(world, "Good morning.").meet_party(
        '[{expect: morning}, {say: "Hello?"}, {expect: {words: recorded, timeout_sec: 8}}, {say: "Never said"}]'
    )
    with pytest.raises(ScriptFailed) as failed:
        party.check()
    assert "expected the words 'recorded' within 8 s, but it did not happen" in str(failed.value)
    assert "agent: Good morning." in str(failed.value)
    assert "party: Hello?" in str(failed.value)
    assert (party.runs[0].ended, party.runs[0].finished) == ("completed", False)
    assert heard(world) == ["Hello?"]


async def test_a_party_whose_script_came_true_passes_the_check(world: World) -> None:
    (await Agent(world, "Good morning.").meet_party("[expect: good morning]")).check()


async def test_a_call_that_ends_during_an_expectation_fails_it(world: World) -> None:
    agent = Agent(world)
    party = await agent.meet_party("[expect: anything]", seconds=5)
    assert agent.session is not None
    await agent.session.close(hangup=True)
    assert [failure.problem for failure in party.failures] == ["the call ended (completed)"]


async def test_words_are_found_in_any_case_and_punctuation_but_whole(world: World) -> None:
    steps = "[{expect: {words: record, timeout_sec: 5, otherwise: [{say: No.}]}}]"
    await Agent(world, "It is, maybe, recorded!").meet(steps)
    assert heard(world) == ["No."]
    world.speech.clear()
    world.events.clear()
    await Agent(world, "We RECORD, this.").meet(steps)
    assert heard(world) == []


async def test_a_pattern_is_searched_in_the_line(world: World) -> None:
    run = await Agent(world, "Your code is 4711.").meet('[{expect: {pattern: "code is \\\\d{4}"}}]')
    assert run.finished


async def test_lines_before_the_expected_one_are_skipped(world: World) -> None:
    run = await Agent(world, "One.", "Two.", "Three.").meet("[{expect: two}, {expect: three}]")
    assert run.finished


async def test_a_line_fulfils_one_expectation_only(world: World) -> None:
    run = await Agent(world, "One.").meet("[{expect: one}, {expect: {words: one, timeout_sec: 5}}]")
    assert len(run.failures) == 1


async def test_an_interruption_comes_so_many_milliseconds_into_the_line(world: World) -> None:
    run = await Agent(world, "Let me explain all of our terms and conditions to you now.").meet(
        "[{interrupt_after: 1000}, {say: Stop.}]"
    )
    assert exchange(run) == ["party: Stop.", "agent: Let me explain"]
    assert world.said()[1:] == [Interrupted("0", "Let me explain"), Heard("Stop.", final=True)]


async def test_an_interruption_waits_for_a_line_that_is_long_enough(world: World) -> None:
    await Agent(world, "Hi.", "This is the second line of mine.").meet("[{interrupt_after: 1000}, {say: Stop.}]")
    assert world.said()[1:3] == [Spoken("0"), Interrupted("1", "This is the")]


async def test_each_interruption_takes_another_line(world: World) -> None:
    steps = "[{interrupt_after: 200}, {interrupt_after: 200}, {say: Stop.}]"
    await Agent(world, "This is the first line.", "This is the second line.").meet(steps)
    assert world.said()[1:3] == [Spoken("0"), Interrupted("1", "")]


async def test_a_polite_party_speaks_when_the_agent_is_silent(world: World) -> None:
    await Agent(world, "One, and more.", "Two.").meet('[{expect: one}, {say: {text: "Aha.", polite: true}}]')
    assert world.said()[1:] == [Spoken("0"), Spoken("1"), Heard("Aha.", final=True)]


async def test_a_party_that_holds_the_line_hears_nothing(world: World) -> None:
    run = await Agent(world, "Are you there?").meet("[{hold: 10}, {say: Back again.}]")
    assert exchange(run) == ["party: Back again."]
    assert world.network.log.heard_by(world.peer) == []
    assert Spoken("0") in world.said()


async def test_a_silent_party_hears_but_does_not_answer(world: World) -> None:
    run = await Agent(world, "Are you there?").meet("[{be_silent: 10}, {expect: are you there}, {say: Yes.}]")
    assert exchange(run) == ["agent: Are you there?", "party: Yes."]


async def test_a_loop_repeats_its_steps(world: World) -> None:
    await Agent(world).meet("[{loop: {times: 3, steps: [{say: Hello}, {pause: 1}]}}, {say: Bye}]")
    assert heard(world) == ["Hello", "Hello", "Hello", "Bye"]


async def test_an_endless_loop_ends_with_the_call_and_is_no_failure(world: World) -> None:
    agent = Agent(world, "First", "Second")
    run = await agent.meet('[{loop: {steps: [{expect: {pattern: ".", timeout_sec: 99}}, {say: "{heard}!"}]}}]')
    assert agent.session is not None
    await agent.session.close(hangup=True)
    assert heard(world) == ["First!"]
    assert run.failures == []


async def test_keys_of_the_agent_can_be_expected(world: World) -> None:
    party = world.network.add_party(
        world.peer, load_script('steps: [{expect: {digits: "42"}}, {say: "You pressed {digits}"}]')
    )
    session = await world.listen(await world.connected())
    await session.send_dtmf("42")
    await world.clock.advance(10)
    party.check()
    assert heard(world) == ["You pressed 42"]


async def test_wrong_keys_fail_at_once(world: World) -> None:
    party = world.network.add_party(world.peer, load_script('steps: [{expect: {digits: "42"}}]'))
    session = await world.listen(await world.connected())
    await session.send_dtmf("43")
    await world.clock.advance(1)
    assert len(party.failures) == 1


async def test_otherwise_takes_the_place_of_a_failure(world: World) -> None:
    steps = """
      - expect: {words: magic, timeout_sec: 3, otherwise: [{say: Not magic.}, hang_up]}
      - say: Magic.
    """
    run = await Agent(world).meet(steps)
    assert heard(world) == ["Not magic."]
    assert (run.failures, run.ended) == ([], "completed")


@pytest.mark.parametrize(("on_call", "outcome"), [("busy", "busy"), ("no_answer", "no_answer"), ("reject", "rejected")])
async def test_a_party_may_not_take_the_call(world: World, on_call: str, outcome: str) -> None:
    world.network.add_party(world.peer, load_script(f"on_call: {on_call}"))
    await world.dial()
    await world.clock.advance(40)
    assert world.one(EventKind.CALL_ENDED).data["outcome"] == outcome


async def test_a_script_can_call_the_platform(world: World) -> None:
    script = load_script("steps: [{say: Hello agent}, {expect: bye}, hang_up]")
    run = world.network.place_scripted_call(world.peer, world.platform, script)
    await world.clock.advance(1)
    call_id = world.one(EventKind.CALL_INCOMING).call_id
    (live,) = await world.carrier.calls.find_live_calls()
    assert live.call.call_id == call_id
    await world.carrier.calls.answer(live.call, world.op())
    session = await world.listen(live.call)
    await world.clock.advance(3)
    assert heard(world) == ["Hello agent"]
    await session.say("Bye!", utterance_id="b", interruptible=True)
    await world.clock.advance(3)
    assert (run.ended, run.failures, run.finished) == ("completed", [], False)


async def test_many_calls_of_one_party_run_side_by_side(world: World) -> None:
    party = world.network.add_party(world.peer, load_script("steps: [{say: Hello}]"))
    for _ in range(3):
        await world.dial()
    await world.clock.advance(10)
    assert [run.finished for run in party.runs] == [True, True, True]
