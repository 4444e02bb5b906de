"""A call's log: inputs and plans as JSON-able dicts and back, and the call rebuilt from them."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args

from pydantic import TypeAdapter

from .advance import advance
from .inputs import Input
from .state import CallPlan, CallState, begin


def _kind(input_type: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", input_type.__name__).lower()


_KINDS: dict[type, str] = {input_type: _kind(input_type) for input_type in get_args(Input)}
_ADAPTERS: dict[str, TypeAdapter[Input]] = {kind: TypeAdapter(input_type) for input_type, kind in _KINDS.items()}
_PLAN = TypeAdapter(CallPlan)


def input_to_dict(event: Input) -> dict[str, Any]:
    """`{"kind": "heard", "text": …}`: instants in ISO 8601, directives as on the wire, no empty members."""
    kind = _KINDS[type(event)]
    members = _ADAPTERS[kind].dump_python(event, mode="json", by_alias=True, exclude_none=True)
    return {"kind": kind, **members}


def input_from_dict(stored: dict[str, Any]) -> Input:
    """The input that was stored. Raises `ValueError` for an unknown kind or a malformed member."""
    members = dict(stored)
    adapter = _ADAPTERS.get(members.pop("kind", ""))
    if adapter is None:
        raise ValueError(f"unknown kind of input: {stored.get('kind')!r}")
    return adapter.validate_python(members)


def plan_to_dict(plan: CallPlan) -> dict[str, Any]:
    stored: dict[str, Any] = _PLAN.dump_python(plan, mode="json")
    return stored


def plan_from_dict(stored: dict[str, Any]) -> CallPlan:
    """The plan that was stored. Raises `ValueError` when a member is missing or malformed."""
    return _PLAN.validate_python(stored)


def replay(plan: CallPlan, log: Iterable[tuple[datetime, Input]]) -> CallState:
    """The state a call reached: its plan and every input with its instant, in the order they were applied."""
    state = begin(plan)
    for now, event in log:
        state, _ = advance(state, event, now)
    return state
