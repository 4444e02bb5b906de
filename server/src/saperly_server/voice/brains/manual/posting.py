"""Asking a program over HTTP: each event is one signed POST, its answer is the directive.

The signature is `x-saperly-signature: sha256=<hex>` over the raw body with the connection's manual secret; beside it the three
headers that webhooks have, under `x-saperly-manual-` (timestamp, delivery id, and `v1=` over timestamp.id.body).
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

import aiohttp
import orjson
from saperly_carriers.clock import Clock
from saperly_protocol import CallEnded, Directive, Event, ProtocolError, parse_reply

from saperly_server.core.egress import Egress, Forbidden, TooLarge
from saperly_server.voice.brains.contracts import BrainFailing

ANSWER_WITHIN_SEC = 18.0
_MOST_BYTES = 64 * 1024
_PAUSES_SEC = (0.3, 1.0, 3.0)
"""Between tries of a request that certainly did not arrive. One that may have arrived is never repeated."""


_NOTIFY_WITHIN_SEC = 5.0


class PostFailed(BrainFailing):
    """The program gave no usable answer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a manual connection's events are posted, and the key that signs them."""

    url: str
    secret: str = field(repr=False)


class Posting:
    """Posts events of all calls of this process."""

    def __init__(self, egress: Egress, clock: Clock) -> None:
        self._egress = egress
        self._clock = clock

    async def ask(self, endpoint: Endpoint, event: Event) -> Directive:
        """The program's directive. Raises PostFailed, also for an answer that is none."""
        status, body = await self._posted(endpoint, event, ANSWER_WITHIN_SEC)
        if status != 200:
            raise PostFailed(f"answered {status}")
        try:
            return parse_reply(body, event.request_id)
        except ProtocolError as error:
            raise PostFailed(str(error)) from error

    async def notify(self, endpoint: Endpoint, event: CallEnded) -> None:
        """Tell it; what it answers, or whether, changes nothing."""
        with suppress(PostFailed):
            await self._posted(endpoint, event, _NOTIFY_WITHIN_SEC)

    async def _posted(self, endpoint: Endpoint, event: Event, within_sec: float) -> tuple[int, bytes]:
        body = orjson.dumps({"event": event.to_wire()})
        until = self._clock.monotonic() + within_sec
        for pause in (*_PAUSES_SEC, None):
            try:
                return await self._once(endpoint, body, until - self._clock.monotonic())
            except Forbidden as error:
                raise PostFailed(str(error)) from error
            except aiohttp.ClientConnectorError as error:
                if pause is None or isinstance(error.os_error, Forbidden):
                    raise PostFailed(str(error)) from error
                await self._clock.sleep(pause)
            except (aiohttp.ClientError, TimeoutError, TooLarge, ValueError) as error:
                raise PostFailed(f"{type(error).__name__}: {error}") from error
        raise AssertionError("the last try returns or raises")

    async def _once(self, endpoint: Endpoint, body: bytes, within_sec: float) -> tuple[int, bytes]:
        headers = {"content-type": "application/json", **signed(endpoint.secret, body, self._clock.now())}
        reply = await self._egress.post(
            endpoint.url, body, headers, timeout_sec=max(0.1, within_sec), most_bytes=_MOST_BYTES
        )
        return reply.status, reply.body


def signed(secret: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers by which a program knows that an event is ours."""
    timestamp, delivery = str(int(at.timestamp())), str(uuid4())
    return {
        "x-saperly-signature": f"sha256={_digest(secret, body)}",
        "x-saperly-manual-timestamp": timestamp,
        "x-saperly-manual-delivery-id": delivery,
        "x-saperly-manual-signature": f"v1={_digest(secret, f'{timestamp}.{delivery}.'.encode() + body)}",
    }


def _digest(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, sha256).hexdigest()
