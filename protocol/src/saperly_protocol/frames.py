"""Frames of the brain's socket that are not events: the handshake, the answer, the complaint."""

from typing import Annotated, Literal

from pydantic import Field

from saperly_protocol.directives import Directive
from saperly_protocol.events import CallEnded, InboundCall, OutboundCall, Turn
from saperly_protocol.wire import Identifier, Label, WireModel

PROTOCOL_VERSION = 1


class Hello(WireModel):
    """The first frame a client sends; `connectionId` must equal the path's, `client` is a free label."""

    type: Literal["hello"] = "hello"
    connection_id: Identifier
    protocol_version: Literal[1]
    client: Label | None = None


class DirectiveFrame(WireModel):
    """One directive, for the request it answers."""

    type: Literal["directive"] = "directive"
    request_id: Identifier
    directive: Directive


class ErrorFrame(WireModel):
    """Tells the client about a frame that was not accepted. Advisory: the call goes on."""

    type: Literal["error"] = "error"
    code: str
    message: str
    request_id: str | None = None


ClientFrame = Annotated[Hello | DirectiveFrame, Field(discriminator="type")]
ServerFrame = Annotated[
    InboundCall | OutboundCall | Turn | CallEnded | ErrorFrame,
    Field(discriminator="type"),
]
