"""Screenplays: booking, moving and cancelling appointments with the demo receptionist."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from saperly_protocol import Speak, Turn
from saperly_server.voice.brains import BrainCall, DemoBrain, SlotBook

Phone = Callable[..., Any]
MONDAY_MORNING = datetime(2026, 6, 15, 10, 30, tzinfo=UTC)


async def test_it_books_an_appointment_over_several_turns(phone: Phone) -> None:
    caller = phone()
    await caller.plays(
        ("Hi, I'd like to make an appointment", "Which day"),
        ("Tomorrow please", "Tomorrow I have 9 am, 10 am, 11 am, noon, 1 pm, 2 pm, 3 pm and 4 pm"),
        ("Two o'clock would be great", "What name"),
        ("It's Sam Jones", "You are booked tomorrow at 2 pm, Sam Jones"),
        ("No, that's all. Bye!", "Thank you for calling Acme Dental, Sam Jones. Goodbye!"),
    )
    tomorrow = (MONDAY_MORNING + timedelta(days=1)).date()
    assert len(caller.book.free(tomorrow, MONDAY_MORNING)) == 7


async def test_it_books_in_one_breath(phone: Phone) -> None:
    await phone().plays(
        ("My name is Ana. Can I book Wednesday at 3 pm?", "You are booked on Wednesday, June 17 at 3 pm, Ana"),
    )


async def test_a_taken_appointment_is_refused_and_the_free_ones_are_offered(phone: Phone) -> None:
    book = SlotBook()
    await phone(book).plays(("My name is Ana. Book me tomorrow at 10 am", "You are booked tomorrow at 10 am"))
    await phone(book).plays(
        ("Do you have anything free tomorrow at ten?", "10 am is not available any more. Tomorrow I have 9 am, 11 am"),
        ("Then eleven", "What name"),
        ("Ben", "You are booked tomorrow at 11 am, Ben"),
    )


async def test_a_slot_that_goes_while_the_caller_gives_a_name_is_not_booked_twice(phone: Phone) -> None:
    book = SlotBook()
    slow = phone(book)
    await slow.plays(("An appointment tomorrow at 9 am", "What name"))
    await phone(book).plays(("My name is Ana. Book tomorrow at 9 am", "You are booked"))
    await slow.plays(
        ("Ben", "9 am is not available any more. Tomorrow I have 10 am"),
        ("10 am", "You are booked tomorrow at 10 am, Ben"),
    )


async def test_today_offers_only_what_is_still_to_come(phone: Phone) -> None:
    await phone().plays(("What is free today?", "Today I have 11 am, noon"))


async def test_a_day_off_and_a_full_day_are_refused_by_name(phone: Phone) -> None:
    book = SlotBook()
    tuesday = (MONDAY_MORNING + timedelta(days=1)).date()
    for at in book.hours(tuesday):
        book.book(tuesday, at, "Somebody", MONDAY_MORNING)
    await phone(book).plays(
        ("I need an appointment on Saturday", "Saturday, June 20 we are closed"),
        ("Tuesday then", "Tomorrow there is nothing left"),
        ("The day after tomorrow", "Wednesday, June 17 I have 9 am"),
    )


async def test_a_time_outside_the_hours_is_refused(phone: Phone) -> None:
    await phone().plays(("Book me tomorrow at 8 pm", "There are no appointments at 8 pm. Tomorrow I have"))


async def test_the_weekday_of_today_means_next_week(phone: Phone) -> None:
    await phone().plays(("Monday at 9 am", "What name"), ("Ana", "on Monday, June 22 at 9 am"))


async def test_a_date_is_understood(phone: Phone) -> None:
    await phone().plays(("Can I come in on June 24th?", "Wednesday, June 24 I have"))


async def test_a_time_may_be_chosen_by_place_or_by_key(phone: Phone) -> None:
    await phone().plays(("Appointment tomorrow", "I have"), ("The second one", "What name"), ("Ana", "at 10 am"))
    await phone().plays(("Appointment tomorrow", "I have"), ("[pressed 3]", "What name"), ("Ana", "at 11 am"))


async def test_a_small_question_does_not_lose_the_booking(phone: Phone) -> None:
    await phone().plays(
        ("I want to book an appointment", "Which day"),
        ("When are you open?", "Monday to Friday, 9 am to 5 pm. Which day"),
        ("Wait, are you a robot?", "I am an automated AI assistant for Acme Dental, not a person. Which day"),
        ("Okay, tomorrow at 4 pm", "What name"),
        ("It is not important", "What name"),
        ("Thomas", "You are booked tomorrow at 4 pm, Thomas"),
    )


async def test_a_caller_may_change_their_mind(phone: Phone) -> None:
    await phone().plays(
        ("I want to book an appointment", "Which day"),
        ("Never mind", "no appointment"),
        ("No", "Goodbye"),
    )


async def test_a_booking_can_be_cancelled_and_moved_on_the_same_call(phone: Phone) -> None:
    book = SlotBook()
    caller = phone(book)
    await caller.plays(
        ("I'm Ana, I need to book tomorrow at 9 am", "You are booked tomorrow at 9 am, Ana"),
        (
            "Can I move my appointment to Thursday at 10 am?",
            "Your appointment tomorrow at 9 am is cancelled. You are booked on Thursday, June 18 at 10 am, Ana",
        ),
        ("Please cancel it", "Your appointment on Thursday, June 18 at 10 am is cancelled"),
        ("Cancel my appointment", "I have not booked an appointment on this call"),
    )
    assert len(book.free(MONDAY_MORNING.date() + timedelta(days=3), MONDAY_MORNING)) == 8


async def test_the_name_is_remembered(phone: Phone) -> None:
    await phone().plays(
        ("Hello, my name is Ana", "Nice to meet you, Ana"),
        ("I want an appointment tomorrow at noon", "You are booked tomorrow at noon, Ana"),
        ("Thanks, bye", "Thank you for calling Acme Dental, Ana. Goodbye!"),
    )


async def test_the_business_lives_in_its_own_time_zone(call: BrainCall) -> None:
    tokyo = timezone(timedelta(hours=9))
    late = DemoBrain(SlotBook(), lambda: datetime(2026, 6, 14, 23, 30, tzinfo=UTC), zone=tokyo, call=call)
    reply = await late.on_event(Turn(request_id="r", conversation_id="c", user_text="Anything free today?"))
    assert isinstance(reply, Speak)
    assert reply.text.startswith("Today I have 9 am")
