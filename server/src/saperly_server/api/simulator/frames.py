"""What goes over the telephone's socket, one JSON object in each text frame.

From the developer: `call {from, to}`, `take {number}` (answer calls and texts there), `say {text}`, `press {digits}`, `hangup`,
`text {from, to, body}`.

To the developer: `ringing {from, to}`, `answered`, `speaking` and `quiet` (the other side begins and stops to talk),
`heard {text, utteranceId}`, `dtmf {digit}`, `ended {reason}`, `text {from, to, body}`, `error {message}`. Of a call with a
number of the key's own workspace they also learn `callId` and `environment` with `answered`, which line is the
`disclosure`, and at the very end `settled {callId, environment, status, durationSec, costCents}`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from saperly_server.api.http.body import PhoneNumber, RequestBody

MOST_CHARS = 16_384
"""The longest frame that is read."""

Frame = dict[str, Any]


class Call(RequestBody):
    """Call one of the platform's numbers as a person."""

    type: Literal["call"]
    from_: Annotated[PhoneNumber, Field(alias="from")]
    to: PhoneNumber


class Take(RequestBody):
    """Be at a person's number: calls there are answered, texts there are shown."""

    type: Literal["take"]
    number: PhoneNumber


class Say(RequestBody):
    """Say something in the call."""

    type: Literal["say"]
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class Press(RequestBody):
    """Press keys in the call: 0-9, A-D, *, #; w and W are pauses."""

    type: Literal["press"]
    digits: Annotated[str, Field(pattern=r"^[0-9A-D*#wW]{1,64}$")]


class Hangup(RequestBody):
    """End the call."""

    type: Literal["hangup"]


class TextBody(RequestBody):
    """Text one of the platform's numbers as a person."""

    from_: Annotated[PhoneNumber, Field(alias="from")]
    to: PhoneNumber
    body: Annotated[str, Field(min_length=1, max_length=1600)]


class Text(TextBody):
    type: Literal["text"]


AnyFrame = Call | Take | Say | Press | Hangup | Text
_FRAMES: TypeAdapter[AnyFrame] = TypeAdapter(Annotated[AnyFrame, Field(discriminator="type")])


class Unreadable(Exception):
    """A frame that is none of these; the message says what is wrong with it."""


def parse(text: str) -> AnyFrame:
    """The frame in `text`. Raises Unreadable."""
    if len(text) > MOST_CHARS:
        raise Unreadable(f"A frame has at most {MOST_CHARS} characters.")
    try:
        return _FRAMES.validate_json(text)
    except ValidationError as invalid:
        raise Unreadable(_sentence(invalid)) from None


def _sentence(invalid: ValidationError) -> str:
    first = invalid.errors(include_url=False, include_input=False)[0]
    kinds = "call, take, say, press, hangup or text"
    if first["type"] == "json_invalid":
        return "A frame is one JSON object."
    if not first["loc"] or first["type"].startswith("union_tag"):
        return f"A frame is a JSON object whose type is {kinds}."
    where = ".".join(str(part) for part in first["loc"][1:] or first["loc"])
    return f"{where}: {first['msg'].removeprefix('Value error, ')}."
