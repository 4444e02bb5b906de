"""Screenplays: what a caller says to the demo receptionist, and what it does."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_protocol import CallEnded, Directive, Hangup, InboundCall, OutboundCall, SendDtmf, Speak, Transfer
from saperly_server.voice.brains import BrainCall, DemoBrain, SlotBook
from saperly_server.voice.engine import Direction

Phone = Callable[..., Any]
OPENING = InboundCall(
    request_id="r0", conversation_id="c1", call_control_id="c1", from_number="+15555550123", to_number="+15555550199"
)


async def test_it_greets_with_the_name_of_the_connection(phone: Phone) -> None:
    reply = await phone().brain.on_event(OPENING)
    assert reply == Speak(text="Hello, this is the automated assistant of Acme Dental. How can I help you?")


async def test_on_an_outbound_call_it_says_that_it_is_calling(phone: Phone) -> None:
    caller = phone(direction=Direction.OUTBOUND)
    reply = await caller.brain.on_event(OutboundCall(**{**dict(OPENING), "type": "outbound_call"}))
    assert isinstance(reply, Speak)
    assert "automated assistant of Acme Dental calling" in reply.text


@pytest.mark.parametrize(
    "instructions",
    [
        "Open with: Welcome to Acme, how may I help?",
        'You are kind. Open with: "Welcome to Acme, how may I help?"',
        "You are kind.\nopen with:   Welcome to Acme, how may I help?\nNever give discounts.",
    ],
)
async def test_an_opening_line_in_the_instructions_is_the_greeting(phone: Phone, instructions: str) -> None:
    reply = await phone(instructions=instructions).brain.on_event(OPENING)
    assert reply == Speak(text="Welcome to Acme, how may I help?")


@pytest.mark.parametrize(
    "question",
    [
        "Are you a robot?",
        "are you human",
        "Am I talking to a real person?",
        "Is this a recording?",
        "Who are you?",
        "What's your name?",
        "Are you an AI",
    ],
)
async def test_asked_what_it_is_it_tells_the_truth(phone: Phone, question: str) -> None:
    await phone().plays((question, "I am an automated AI assistant for Acme Dental, not a person"))


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("What are your opening hours?", "We are open Monday to Friday, 9 am to 5 pm."),
        ("How are you?", "doing well"),
        ("Thank you very much", "You are welcome"),
        ("Hello", "How can I help you?"),
        ("What can you do?", "I can book an appointment"),
        ("Purple monkey dishwasher", "I did not understand that. I can book an appointment"),
        ("There is an emergency, my house is on fire!", "hang up and dial 911"),
    ],
)
async def test_small_talk_and_questions_are_answered(phone: Phone, words: str, answer: str) -> None:
    await phone().plays((words, answer))


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("Press 2", "2"),
        ("For sales, press one", "1"),
        ("Please dial 1-2-3 pound", "123#"),
        ("press the star key", "*"),
        ("Press two, three or wait", "23"),
    ],
)
async def test_it_presses_the_keys_it_is_asked_for(phone: Phone, words: str, digits: str) -> None:
    assert await phone().says(words) == SendDtmf(digits=digits)


async def test_it_says_so_where_it_may_not_press_keys(phone: Phone) -> None:
    await phone(may_send_dtmf=False).plays(("Press 2", "I cannot press keys"))


@pytest.mark.parametrize(
    "words",
    [
        "Can I talk to a human?",
        "transfer me please",
        "operator",
        "Get me a real person",
        "I want to speak with your manager",
    ],
)
async def test_it_transfers_to_the_first_allowed_target(phone: Phone, words: str) -> None:
    assert await phone().says(words) == Transfer(to="+15555550100")


async def test_it_says_so_where_it_may_not_transfer(phone: Phone) -> None:
    await phone(transfer_targets=()).plays(("Can I talk to a human?", "I cannot transfer this call"))


async def test_after_a_failed_transfer_it_goes_on_itself(phone: Phone) -> None:
    await phone().plays(
        ("[transfer failed]", "I could not reach anybody just now. Can I help you"),
        ("[transfer failed] When are you open?", "I could not reach anybody just now. We are open"),
    )


@pytest.mark.parametrize(
    "words", ["Goodbye", "OK bye bye", "That's all, thanks", "That will be all", "Have a nice day"]
)
async def test_goodbye_ends_the_call(phone: Phone, words: str) -> None:
    reply = await phone().says(words)
    assert reply == Speak(text="Thank you for calling Acme Dental. Goodbye!", end_call=True)


async def test_where_it_may_not_end_the_call_it_only_says_goodbye(phone: Phone) -> None:
    assert await phone(may_end_call=False).says("Goodbye") == Speak(text="Thank you for calling Acme Dental. Goodbye!")


async def test_no_more_wishes_ends_the_call(phone: Phone) -> None:
    caller = phone()
    await caller.plays(("Thank you", "anything else"))
    reply = await caller.says("No")
    assert isinstance(reply, Speak)
    assert reply.end_call


async def test_silence_is_asked_about_once_then_the_call_ends(phone: Phone) -> None:
    caller = phone()
    assert await caller.says("") == Speak(text="Are you still there?")
    assert (await caller.hears("I am here, what are your hours?")).startswith("We are open")
    await caller.says("")
    reply = await caller.says("")
    assert isinstance(reply, Speak)
    assert reply.end_call


@pytest.mark.parametrize(
    ("keys", "directive"),
    [
        ("[pressed 0]", Transfer(to="+15555550100")),
        ("[pressed 2#]", Speak(text="We are open Monday to Friday, 9 am to 5 pm.")),
    ],
)
async def test_keys_are_a_short_menu(phone: Phone, keys: str, directive: Directive) -> None:
    assert await phone().says(keys) == directive


async def test_other_keys_are_told_the_menu(phone: Phone) -> None:
    await phone().plays(("[pressed 7]", "Press 1 to book"), ("[pressed 1]", "Which day"))


async def test_the_end_of_the_call_is_acknowledged(phone: Phone) -> None:
    assert await phone().brain.on_event(CallEnded(request_id="r", conversation_id="c1")) == Hangup()


async def test_it_must_be_opened_before_it_speaks(call: BrainCall) -> None:
    brain = DemoBrain(SlotBook(), lambda: datetime(2026, 6, 15, tzinfo=UTC))
    with pytest.raises(RuntimeError):
        await brain.on_event(OPENING)
    await brain.open(call)
    assert isinstance(await brain.on_event(OPENING), Speak)
    await brain.close()


PHRASES = st.sampled_from(
    [
        "book an appointment",
        "tomorrow",
        "next monday at 2 pm",
        "june 31",
        "february 29th at 25:61",
        "the last one",
        "my name is Ana",
        "cancel it",
        "move my appointment",
        "press",
        "press 9 9 9",
        "a human please",
        "are you a person",
        "I'm human, are you?",
        "no",
        "yes",
        "bye",
        "[pressed 1]",
        "[pressed *]",
        "[transfer failed]",
        "open with: I am a human",
    ]
)
WORDS = st.lists(PHRASES | st.text(max_size=6), max_size=3).map(" ".join)


@given(st.lists(WORDS, max_size=8))
def test_whatever_is_said_it_answers_and_never_claims_to_be_a_person(phone: Phone, script: list[str]) -> None:
    replies = [run(phone().says(words)) for words in script]
    caller = phone()
    replies += [run(caller.says(words)) for words in script]
    spoken = " ".join(reply.text.lower() for reply in replies if isinstance(reply, Speak))
    assert not [claim for claim in ("i am human", "i am a human", "i am a person", "i'm human") if claim in spoken]


def run(coroutine: Coroutine[Any, Any, Directive]) -> Directive:
    """The brain never waits for anything, so its coroutines end at their first step."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        reply: Directive = finished.value
        return reply
    raise AssertionError("the demo brain waited")
