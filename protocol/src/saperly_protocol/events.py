"""What happens in a conversation, as told to its brain.

Every event carries a `requestId`, which the answer echoes, and a `conversationId`, which is the same for the
whole call.
"""

from typing import Annotated, Literal

from pydantic import Field

from saperly_protocol.wire import Identifier, WireModel


class _Request(WireModel):
    request_id: Identifier
    conversation_id: Identifier


class _Opening(_Request):
    call_control_id: Identifier
    from_number: str = Field(alias="from")
    to_number: str = Field(alias="to")


class InboundCall(_Opening):
    """Somebody called one of our numbers and was answered; the answer to this is the opening line."""

    type: Literal["inbound_call"] = "inbound_call"


class OutboundCall(_Opening):
    """We called somebody and they answered. The same members as `inbound_call`; `from` is our number."""

    type: Literal["outbound_call"] = "outbound_call"


class Turn(_Request):
    """It is the brain's turn to speak.

    `userText` is what the caller said, `[pressed 1#]` for keys, `[transfer failed]` when a transfer did not
    connect, and empty when nothing was said: the pause asked for with `wait_for_user` ran out, or the caller
    still waits for an answer. Words that got no answer in time are repeated at the front of the next turn.
    """

    type: Literal["turn"] = "turn"
    user_text: str


class CallEnded(_Request):
    """The call is over. An answer is welcome as an acknowledgement and has no effect."""

    type: Literal["call_ended"] = "call_ended"
    reason: str | None = None


Event = Annotated[InboundCall | OutboundCall | Turn | CallEnded, Field(discriminator="type")]
