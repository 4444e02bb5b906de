"""What a brain may ask for: exactly one directive for each event."""

from typing import Annotated, Literal

from pydantic import Field

from saperly_protocol.addresses import CallableAddress, Tones
from saperly_protocol.wire import Label, SpokenText, WireModel


class Speak(WireModel):
    """Say a line, then listen; with `endCall` hang up once it has been played."""

    type: Literal["speak"] = "speak"
    text: SpokenText
    end_call: bool | None = None


class WaitForUser(WireModel):
    """Say nothing and listen. After `timeoutMs` (1 to 600000) of silence a turn with empty text follows."""

    type: Literal["wait_for_user"] = "wait_for_user"
    timeout_ms: Annotated[int, Field(ge=1, le=600_000)] | None = None


class Hangup(WireModel):
    """End the call now."""

    type: Literal["hangup"] = "hangup"
    reason: Label | None = None


class Transfer(WireModel):
    """Put the caller through to somebody else, blind."""

    type: Literal["transfer"] = "transfer"
    to: CallableAddress


class SendDtmf(WireModel):
    """Press keys."""

    type: Literal["send_dtmf"] = "send_dtmf"
    digits: Tones


Directive = Annotated[Speak | WaitForUser | Hangup | Transfer | SendDtmf, Field(discriminator="type")]
