"""The table: one line for each mutating operation of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PEER = "+15555550123"
"""Somebody who has agreed to be contacted."""
OTHER_PEER = "+15555550124"
"""Somebody else who has agreed."""
STRANGER = "+15555550188"
"""Somebody whom nobody has asked."""
UNREACHABLE = "+15005550001"
"""The network refuses every contact with this number."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart body: a voice sample with this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Other:
    """Where the line's operation finds another thing: the same request for another address."""

    path: str


@dataclass(frozen=True, slots=True)
class Write:
    """A request that changes something.

    Words in braces are what the workspace holds (`{number}`). `other` is what must not pass as the same request: another
    body, or another address. `happens` is the audit event that one effect writes once, `asked` what the network is asked
    for once (None: no such trace). `fails` are values of the body with which the network refuses.
    """

    operation: str
    method: str
    path: str
    body: Any
    other: Any
    happens: str | None
    asked: str | None = None
    status: int = 200
    fails: Mapping[str, Any] | None = None
    busy: str = "IdempotencyConflict"
    mismatch: str = "IdempotencyKeyMismatch"

    def __str__(self) -> str:
        return self.operation

    @property
    def shown_once(self) -> tuple[str, ...]:
        """Members that only the first answer has."""
        return ("key", "token") if self.operation == "keys.mint" else ()


_CONSENT = {"numberId": "{number}", "consentType": "explicit_outbound", "source": "order form"}
_PAIR = {"numberId": "{number}", "connectionId": "{connection}"}
_TEXT = {"fromNumberId": "{number}", "to": PEER, "body": "Hello"}
_CALL = {"fromNumberId": "{line}", "to": PEER}
_GRANT = {"grant": {"scopes": ["calls:create"], "resources": {"numbers": ["{number}"]}}}
_TO_NOBODY = {"to": UNREACHABLE}

# fmt: off
WRITES: tuple[Write, ...] = (
    Write("numbers.provision", "POST", "/numbers", {"areaCode": "212", "country": "US"}, {"areaCode": "415"},
          "number.accepted", "order", 201, fails={"areaCode": "566"}),
    Write("numbers.release", "POST", "/numbers/{number}/release", None, Other("/numbers/{spare}/release"),
          "number.released", "release"),
    Write("numbers.assignConnection", "POST", "/numbers/{number}/connection", {"connectionId": "{connection}"},
          {"connectionId": "{spare_connection}"}, "number.changed"),
    Write("numbers.assignConnectionById", "POST", "/numbers/connection", _PAIR,
          {"numberId": "{spare}", "connectionId": "{connection}"}, "number.changed"),
    Write("numbers.setWebhook", "POST", "/numbers/{number}/webhook", {"url": "https://example.com/a"},
          {"url": "https://example.com/b"}, "number.changed"),
    Write("numbers.setSmsSenderId", "POST", "/numbers/{number}/sms-sender", {"smsSenderId": "Acme"},
          {"smsSenderId": "Emca"}, "number.changed"),
    Write("numbers.setCallerIdName", "POST", "/numbers/{number}/caller-id", {"callerIdName": "Acme"},
          {"callerIdName": "Emca"}, "number.changed", "set_caller_name"),
    Write("connections.create", "POST", "/connections", {"name": "desk", "mode": "manual", "instructions": "Hi"},
          {"name": "desk", "mode": "manual", "instructions": "Ho"}, "connection.created", status=201),
    Write("connections.update", "PATCH", "/connections/{connection}", {"name": "sales", "language": "fr"},
          {"name": "sales", "language": "de"}, "connection.changed"),
    Write("connections.delete", "DELETE", "/connections/{connection}", None, Other("/connections/{spare_connection}"),
          "connection.deleted"),
    Write("messaging.send", "POST", "/messages", _TEXT, {**_TEXT, "body": "Hello!"},
          "message.accepted", "send", 201, fails=_TO_NOBODY),
    Write("voice.place", "POST", "/calls", _CALL, {**_CALL, "to": OTHER_PEER},
          "call.accepted", "dial", 201, fails=_TO_NOBODY),
    Write("voice.end", "POST", "/calls/{call}/end", {"durationSec": 3}, {"durationSec": 4}, "call.ended", "hangup"),
    Write("voice.transfer", "POST", "/calls/{call}/transfer", {"to": "+15005551013"}, {"to": OTHER_PEER},
          "transfer.requested", "transfer", fails=_TO_NOBODY),
    Write("customVoices.create", "POST", "/custom-voices", Upload("Ana"), Upload("Ben"), "custom_voice.created",
          status=202, busy="CustomVoiceConflict", mismatch="InvalidVoiceUpload"),
    Write("customVoices.delete", "DELETE", "/custom-voices/{voice}", None, Other("/custom-voices/{spare_voice}"),
          "custom_voice.deleted"),
    Write("consent.record", "POST", "/consent", {**_CONSENT, "peerNumber": STRANGER},
          {**_CONSENT, "peerNumber": "+15555550189"}, "consent.granted", status=201),
    Write("consent.revoke", "POST", "/consent/revoke", {"numberId": "{number}", "peerNumber": PEER},
          {"numberId": "{number}", "peerNumber": OTHER_PEER}, "consent.revoked"),
    Write("keys.mint", "POST", "/api-tokens", {"name": "agent", **_GRANT}, {"name": "other", **_GRANT},
          "key.created", status=201),
    Write("keys.revoke", "POST", "/api-tokens/{key}/revoke", None, Other("/api-tokens/{spare_key}/revoke"),
          "key.revoked"),
)
# fmt: on
