"""Shuffled and repeated carrier events lead to the same end."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from saperly_server.voice.engine import CallPlan, Direction
from saperly_server.voice.engine import effects as wanted
from saperly_server.voice.engine import inputs as told
from saperly_server.voice.engine.rehearsal import Rehearsal

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
plans = st.builds(
    CallPlan,
    call_id=st.just("call_1"),
    conversation_id=st.just("conv_1"),
    direction=st.sampled_from(Direction),
    from_number=st.just("+15555550123"),
    to_number=st.just("+15555550199"),
    compliance_enabled=st.booleans(),
    disclosure=st.sampled_from(["This is an automated assistant.", " "]),
    paid_sec=st.sampled_from([60, 120, 10, 0]),
    max_duration_sec=st.sampled_from([900, 60]),
)


def dialogue(answered_after: float, lasted: float, outcome: told.Outcome) -> list[told.Input]:
    answered_at = START + timedelta(seconds=answered_after)
    over = answered_at + timedelta(seconds=lasted)
    return [told.Ringing(), told.Answered(answered_at), told.CarrierEnded(outcome, over)]


connected = st.builds(
    dialogue,
    st.floats(0, 30),
    st.floats(0.001, 500),
    st.sampled_from([told.Outcome.COMPLETED, told.Outcome.TIME_LIMIT, told.Outcome.FAILED]),
)
refused = st.sampled_from(told.Outcome).map(lambda outcome: [told.Ringing(), told.CarrierEnded(outcome, START)])


def result(plan: CallPlan, order: list[told.Input]) -> tuple[str, int]:
    call = Rehearsal(plan, START)
    call.feed(*order)
    call.wait(60)
    finish = call.last(wanted.Finish)
    return finish.status, finish.duration_sec


@given(plans, connected | refused, st.data())
@settings(max_examples=200, deadline=None)
def test_shuffled_and_repeated_carrier_events_give_the_same_status_and_duration(
    plan: CallPlan, story: list[told.Input], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(story), max_size=4))
    order = data.draw(st.permutations([*story, *repeated]))
    assert result(plan, order) == result(plan, story)
