"""The conversation engine: a pure state machine that decides everything a call says and does.

`begin(plan)` is a call nothing has happened to; `advance(state, input, now)` is everything after that. The
module `inputs` names what can happen, `effects` what is to be done about it; README.md tells the rules.
"""

from .advance import advance
from .serialise import (
    input_from_dict,
    input_to_dict,
    plan_from_dict,
    plan_to_dict,
    replay,
)
from .state import CallPlan, CallState, Direction, Lines, Phase, begin
from .step import call_of

__all__ = [
    "CallPlan",
    "CallState",
    "Direction",
    "Lines",
    "Phase",
    "advance",
    "begin",
    "call_of",
    "input_from_dict",
    "input_to_dict",
    "plan_from_dict",
    "plan_to_dict",
    "replay",
]
