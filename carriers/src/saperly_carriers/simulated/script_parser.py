"""Reads scripts from YAML or JSON text, or from data that is already loaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import yaml

from saperly_carriers.simulated.peers import AnsweredBy
from saperly_carriers.simulated.script import (
    DEFAULT_EXPECT_SEC,
    BeSilent,
    Expect,
    HangUp,
    Hold,
    InterruptAfter,
    Loop,
    OnCall,
    Pause,
    Press,
    Say,
    Script,
    ScriptError,
    Step,
)

_KEYS = frozenset({"name", "on_call", "answer_after_sec", "answered_by", "beep_after_sec", "steps"})
_DIGITS = re.compile(r"[0-9A-D*#]+", re.ASCII)


def load_script(text: str) -> Script:
    """A script from YAML or JSON.

    Raises:
        ScriptError: not readable, or not a script.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScriptError("script", f"not readable: {error}") from error
    return parse_script(data)


def parse_script(data: object, where: str = "script") -> Script:
    """A script from loaded data, or ScriptError."""
    fields = _mapping(data, where, _KEYS)
    on_call = _choice(fields.get("on_call", "answer"), [kind.value for kind in OnCall], f"{where}.on_call")
    kind = _choice(fields.get("answered_by", "human"), ["human", "machine"], f"{where}.answered_by")
    beep = fields.get("beep_after_sec")
    return Script(
        steps=_steps(fields.get("steps", []), f"{where}.steps"),
        name=_text(fields.get("name", "party"), f"{where}.name"),
        on_call=OnCall(on_call),
        answer_after_sec=_number(fields.get("answer_after_sec", 2.0), f"{where}.answer_after_sec"),
        answered_by=AnsweredBy(kind, None if beep is None else _number(beep, f"{where}.beep_after_sec")),
    )


def _steps(data: object, where: str) -> tuple[Step, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise ScriptError(where, "must be a list of steps")
    return tuple(_step(item, f"{where}[{index}]") for index, item in enumerate(data))


def _step(data: object, where: str) -> Step:
    if isinstance(data, str):
        data = {data: None}
    if not isinstance(data, Mapping) or len(data) != 1:
        raise ScriptError(where, "a step is one word with its value")
    ((word, value),) = data.items()
    if word not in _STEPS:
        raise ScriptError(where, f"no such step {word!r}; there are {', '.join(sorted(_STEPS))}")
    return _STEPS[cast(str, word)](value, f"{where}.{word}")


def _expect(value: object, where: str) -> Step:
    if not isinstance(value, Mapping):
        return Expect(words=_text(value, where))
    fields = _mapping(value, where, frozenset({"words", "pattern", "digits", "timeout_sec", "otherwise"}))
    given = [key for key in ("words", "pattern", "digits") if key in fields]
    if len(given) != 1:
        raise ScriptError(where, "needs exactly one of words, pattern, digits")
    check = {"words": _text, "pattern": _pattern, "digits": _digits}[given[0]]
    return Expect(
        **{given[0]: check(fields[given[0]], f"{where}.{given[0]}")},
        timeout_sec=_timeout(fields, where),
        otherwise=_steps(fields.get("otherwise", []), f"{where}.otherwise"),
    )


def _say(value: object, where: str) -> Step:
    if not isinstance(value, Mapping):
        return Say(_text(value, where))
    fields = _mapping(value, where, frozenset({"text", "polite"}))
    polite = fields.get("polite", False)
    if not isinstance(polite, bool):
        raise ScriptError(f"{where}.polite", "must be true or false")
    return Say(_text(fields.get("text"), f"{where}.text"), polite)


def _loop(value: object, where: str) -> Step:
    fields = _mapping(value, where, frozenset({"times", "steps"}))
    times, steps = fields.get("times"), _steps(fields.get("steps"), f"{where}.steps")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ScriptError(f"{where}.times", "must be a whole number above zero")
    if not any(_takes_time(step) for step in steps):
        raise ScriptError(where, "must hold a step that takes time")
    return Loop(times, steps)


def _takes_time(step: Step) -> bool:
    match step:
        case Pause(sec) | Hold(sec):
            return sec > 0
        case BeSilent(sec):
            return sec is None or sec > 0
        case Loop(_, steps):
            return any(_takes_time(inner) for inner in steps)
        case _:
            return not isinstance(step, HangUp)


def _be_silent(value: object, where: str) -> Step:
    return BeSilent(None if value is None else _number(value, where))


def _hang_up(value: object, where: str) -> Step:
    if value not in (None, True):
        raise ScriptError(where, "takes no value")
    return HangUp()


_STEPS: dict[str, Callable[[object, str], Step]] = {
    "expect": _expect,
    "say": _say,
    "pause": lambda value, where: Pause(_number(value, where)),
    "interrupt_after": lambda value, where: InterruptAfter(_number(value, where)),
    "press": lambda value, where: Press(_digits(value, where)),
    "hang_up": _hang_up,
    "hold": lambda value, where: Hold(_number(value, where)),
    "be_silent": _be_silent,
    "loop": _loop,
}


def _mapping(data: object, where: str, keys: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ScriptError(where, "must be a mapping")
    unknown = sorted(str(key) for key in data if key not in keys)
    if unknown:
        raise ScriptError(where, f"does not know {', '.join(unknown)}; it has {', '.join(sorted(keys))}")
    return data


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ScriptError(where, "must be text; words like yes, no and numbers need quotes")
    return value


def _pattern(value: object, where: str) -> str:
    try:
        re.compile(_text(value, where))
    except re.error as error:
        raise ScriptError(where, f"is not a pattern: {error}") from error
    return str(value)


def _digits(value: object, where: str) -> str:
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        raise ScriptError(where, "must be keys in quotes: 0-9, A-D, * and #")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise ScriptError(where, "must be a number, not below zero")
    return float(value)


def _timeout(fields: Mapping[str, Any], where: str) -> float:
    timeout = _number(fields.get("timeout_sec", DEFAULT_EXPECT_SEC), f"{where}.timeout_sec")
    if timeout == 0:
        raise ScriptError(f"{where}.timeout_sec", "must be above zero")
    return timeout


def _choice(value: object, choices: list[str], where: str) -> str:
    if value not in choices:
        raise ScriptError(where, f"must be one of {', '.join(choices)}")
    return str(value)
