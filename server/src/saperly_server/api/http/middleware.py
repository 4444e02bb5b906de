"""What happens to every request before a route sees it: a request id, limits on its size, no unreadable addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from saperly_server.core.errors import ValidationError
from saperly_server.core.ids import new_id

from .errors import PayloadTooLarge, error_response, unexpected

_REQUEST_ID = re.compile(rb"^[\x21-\x7e]{1,128}$")

_VOICE_SAMPLE = 5 * 1024 * 1024 + 256 * 1024
UPLOADS = {"/custom-voices": _VOICE_SAMPLE, "/v2/custom-voices": _VOICE_SAMPLE}
"""Paths that take a file, and the largest body each reads: the file with the other fields and their envelope."""


class Envelope:
    """Outermost layer: gives each request an id, echoes it, refuses bodies and addresses we will not read.

    `uploads` gives the paths that take larger bodies than `max_body_bytes`.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, uploads: Mapping[str, int] = UPLOADS) -> None:
        self._app = app
        self._max = max_body_bytes
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        sender = _echoing(send, state)
        limit = max(self._max, self._uploads.get(scope["path"], 0))
        refusal = _refusal(scope, headers, limit)
        if refusal is not None:
            await error_response(refusal, request_id)(scope, receive, sender)
            return
        try:
            await self._app(scope, _counted(receive, limit), sender)
        except ClientDisconnect:
            return  # it hung up in the middle of its body: nothing was done, and nobody is there to be told
        except Exception as error:
            # Whatever no handler knew what to do with. Once an answer has begun there is no other to give.
            answer = unexpected(error, request_id)
            if not state.get("answering"):
                await answer(scope, receive, sender)


def _refusal(scope: Scope, headers: dict[bytes, bytes], limit: int) -> ValidationError | PayloadTooLarge | None:
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        message = f"The body may be at most {limit} bytes."
        return PayloadTooLarge(message, message=message)
    if b"%00" in scope.get("raw_path", b"") or b"%00" in scope.get("query_string", b""):
        return ValidationError("The address must not contain NUL characters.")
    return None


def _request_id(given: bytes | None) -> str:
    return given.decode() if given is not None and _REQUEST_ID.match(given) else new_id("req")


def _echoing(send: Send, state: dict[str, Any]) -> Send:
    async def echo(message: Message) -> None:
        if message["type"] == "http.response.start":
            state["answering"] = True
            headers = [(b"x-request-id", state["request_id"].encode())]
            headers += [(name.encode(), value.encode()) for name, value in state.get("headers", {}).items()]
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return echo


def _counted(receive: Receive, limit: int) -> Receive:
    """A body without a declared length is cut off where a declared one would have been refused."""
    seen = 0

    async def count() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            text = f"The body may be at most {limit} bytes."
            raise PayloadTooLarge(text, message=text)
        return message

    return count
