"""Reading frames: from JSON text or parsed JSON to typed frames, or one readable complaint."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from saperly_protocol.directives import Directive
from saperly_protocol.events import Event
from saperly_protocol.frames import ClientFrame, DirectiveFrame, ErrorFrame, Hello, ServerFrame

Frame = TypeVar("Frame")

_DIRECTIVE: TypeAdapter[Directive] = TypeAdapter(Directive)
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_CLIENT: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)
_SERVER: TypeAdapter[ServerFrame] = TypeAdapter(ServerFrame)


class ProtocolError(ValueError):
    """A frame that cannot be accepted.

    `code` is `invalid_json`, `invalid_frame` or `wrong_request`; `request_id` is the request it was meant
    for, when that much could be read. The message names the member and the fault, never the value.
    """

    def __init__(self, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id

    def to_frame(self) -> ErrorFrame:
        """The complaint as it is sent to the client."""
        return ErrorFrame(code=self.code, message=self.message, request_id=self.request_id)


def parse_client_frame(raw: str | bytes | dict[str, Any]) -> Hello | DirectiveFrame:
    """A frame sent by a brain. Raises `ProtocolError`."""
    return _validated(_CLIENT, raw)


def parse_server_frame(raw: str | bytes | dict[str, Any]) -> Event | ErrorFrame:
    """A frame sent by the platform. Raises `ProtocolError`."""
    return _validated(_SERVER, raw)


def parse_directive(raw: str | bytes | dict[str, Any]) -> Directive:
    """A bare directive. Raises `ProtocolError`."""
    return _validated(_DIRECTIVE, raw)


def parse_event(raw: str | bytes | dict[str, Any]) -> Event:
    """An event. Raises `ProtocolError`."""
    return _validated(_EVENT, raw)


def parse_reply(raw: str | bytes | dict[str, Any], request_id: str) -> Directive:
    """The body of an HTTP answer: a bare directive, or a `directive` frame that echoes `request_id`.

    Raises `ProtocolError`.
    """
    data = _loaded(raw)
    if not (isinstance(data, dict) and data.get("type") == "directive"):
        return _validated(_DIRECTIVE, data)
    frame = _validated(_CLIENT, data)
    if not isinstance(frame, DirectiveFrame) or frame.request_id != request_id:
        raise ProtocolError("wrong_request", "requestId: does not echo the request", _request_id_of(data))
    return frame.directive


def _validated(adapter: TypeAdapter[Frame], raw: object) -> Frame:
    data = _loaded(raw)
    try:
        return adapter.validate_python(data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise ProtocolError("invalid_frame", _explained(error, data), _request_id_of(data)) from None


def _loaded(raw: object) -> object:
    if not isinstance(raw, str | bytes):
        return raw
    try:
        data: object = json.loads(raw)
    except (ValueError, RecursionError):
        raise ProtocolError("invalid_json", "the frame is not JSON") from None
    return data


def _explained(error: ValidationError, data: object) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    path = _member_path(first["loc"], data)
    if first["type"].startswith("union_tag"):
        known = first.get("ctx", {}).get("expected_tags")
        complaint = f"must be one of {known}" if known else "is missing"
        return f"{path}.type: {complaint}" if path else f"type: {complaint}"
    message = first["msg"].removeprefix("Value error, ")
    return _printable(f"{path}: {message}" if path else message)


def _member_path(location: tuple[int | str, ...], data: object) -> str:
    """The members that lead to the mistake, without the union tags the validator adds in between."""
    members: list[str] = []
    tag_seen = False
    for part in location:
        if not tag_seen and isinstance(data, dict) and part == data.get("type"):
            tag_seen = True
            continue
        members.append(str(part))
        data = data.get(part) if isinstance(data, dict) else None
        tag_seen = False
    return ".".join(members)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()[:300]


def _request_id_of(data: object) -> str | None:
    request_id = data.get("requestId") if isinstance(data, dict) else None
    return _printable(request_id) if isinstance(request_id, str) else None
