"""A valid request for every operation of the contract, with every field that it can have filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

Json = Any
Where = tuple[str | int, ...]
"""A position in a request: `("path", "id")`, `("query", "cursor")`, `("body", "grant", "scopes", 0)`."""

PEER = "+15555550123"
_WORD = re.compile(r"\{(\w+)\}")
_CONSENT = {"numberId": "{number}", "peerNumber": PEER}
_GRANT = {
    "scopes": ["numbers:read"],
    "resources": {"numbers": ["{number}"]},
    "spendLimit": {"amountCents": 100, "resetPeriod": "monthly"},
}
_FLAT_GRANT = {
    "scopes": ["read"],
    "numberScope": ["{number}"],
    "spendLimitCents": 100,
    "spendLimitResetPeriod": "monthly",
}
_CONNECTION = {
    "name": "desk",
    "mode": "hosted",
    "backend": "network",
    "instructions": "Be brief.",
    "llm": {"kind": "byo", "model": "m-1", "byoBaseUrl": "https://example.com/v1", "secretRef": "s"},
    "tts": {"voiceId": "aria", "provider": "p"},
    "stt": {"language": "en"},
    "language": "en",
    "backgroundAudio": {"type": "office", "volume": 0.5},
    "mcpServers": [{"url": "https://example.com/mcp", "auth": {"type": "bearer", "token": "t"}, "allowedTools": ["a"]}],
    "callControl": {
        "endCall": True,
        "sendDtmf": True,
        "transfer": {"targets": ["+14155550123"], "from": "+14155550123"},
    },
    "complianceEnabled": True,
    "smsAutoReply": False,
    "recordingEnabled": False,
    "disclosure": "This is an automated assistant.",
}
_OTHER_CONNECTION = {
    "name": "desk",
    "backend": "openai_realtime",
    "openaiRealtime": {"model": "gpt-realtime", "voice": "alloy"},
    "manualWebhookUrl": "",
}
_ORDER = {
    "country": "US",
    "numberType": "local",
    "areaCode": "415",
    "expectedMonthlyPriceCents": 250,
    "expectedUpfrontPriceCents": 0,
    "approveHigherPrice": True,
}
_CALL = {"to": PEER, "connectionId": "{connection}", "instructions": "Say hello."}

BODIES: dict[str, list[Json]] = {
    "numbers.provision": [_ORDER, {"phoneNumber": "+14155550123"}],
    "numbers.assignConnectionById": [{"numberId": "{number}", "connectionId": "{connection}"}],
    "numbers.assignConnection": [{"connectionId": "{connection}"}],
    "numbers.setWebhook": [{"url": "https://example.com/hook"}],
    "numbers.setSmsSenderId": [{"smsSenderId": "Acme"}],
    "numbers.setCallerIdName": [{"callerIdName": "Acme"}],
    "connections.create": [_CONNECTION, _OTHER_CONNECTION],
    "connections.update": [_CONNECTION, _OTHER_CONNECTION],
    "messaging.send": [{name: "{number}", "to": PEER, "body": "Hello"} for name in ("fromNumberId", "numberId")],
    "voice.place": [{name: "{number}", **_CALL} for name in ("fromNumberId", "numberId")],
    "voice.end": [{"durationSec": 1}],
    "voice.transfer": [{"to": PEER}],
    "consent.record": [{**_CONSENT, "consentType": "explicit_outbound", "source": "form"}],
    "consent.revoke": [_CONSENT],
    "keys.mint": [{"name": "child", "grant": _GRANT}, {"name": "child", **_FLAT_GRANT}],
}
QUERIES: dict[str, dict[str, str]] = {
    "consent.check": {"numberId": "{number}", "peerNumber": PEER},
    "pricing.quote": {"country": "US", "numberType": "local"},
}
OWNERS = {
    "numbers": "number",
    "connections": "connection",
    "calls": "call",
    "custom-voices": "voice",
    "api-tokens": "key",
}
"""Whose id it is, by the first word of the path."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `operation` is its name in the contract."""

    operation: str
    method: str
    path: str
    ids: dict[str, str]
    query: dict[str, str]
    body: Json = None

    @property
    def address(self) -> str:
        return _WORD.sub(lambda word: self.ids[word[1]], self.path)

    @property
    def params(self) -> dict[str, str]:
        """The query, without the parameters that are left out."""
        return {name: value for name, value in self.query.items() if value}

    def places(self) -> list[Where]:
        """Every position that holds text, and the query parameters that are left out."""
        return [
            *(("path", name) for name in self.ids),
            *(("query", name) for name in self.query),
            *(("body", *where) for where in _texts(self.body)),
        ]

    def put(self, where: Where, value: str) -> Asked:
        """The same request with another text in one position."""
        part, *inner = where
        if part == "path":
            return replace(self, ids={**self.ids, str(inner[0]): value})
        if part == "query":
            return replace(self, query={**self.query, str(inner[0]): value})
        return replace(self, body=_with(self.body, inner, value))


@cache
def contract() -> Json:
    return json.loads((Path(__file__).parents[2] / "contract" / "openapi.v2.json").read_text("utf-8"))


def every_request(things: dict[str, str]) -> Iterator[Asked]:
    """Valid requests of a workspace that has these things, at least one for every operation (uploads apart)."""
    for path, methods in contract()["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            parameters = [one for one in operation.get("parameters", []) if one["in"] != "header"]
            ids = {one["name"]: things[OWNERS[path.split("/")[1]]] for one in parameters if one["in"] == "path"}
            query = {one["name"]: _default(one["name"]) for one in parameters if one["in"] == "query"}
            query.update(filled(QUERIES.get(name, {}), things))
            for body in BODIES.get(name, [None]):
                yield Asked(name, method.upper(), path, ids, query, filled(body, things))


def _default(parameter: str) -> str:
    return {"limit": "100", "since": "2026-01-01T00:00:00Z"}.get(parameter, "")


def filled(template: Json, things: dict[str, str]) -> Json:
    """A template with the words in braces replaced."""
    if isinstance(template, str):
        return _WORD.sub(lambda word: things[word[1]], template)
    if isinstance(template, dict):
        return {name: filled(value, things) for name, value in template.items()}
    return [filled(value, things) for value in template] if isinstance(template, list) else template


def _texts(value: Json) -> Iterator[Where]:
    if isinstance(value, str):
        yield ()
    elif isinstance(value, (dict, list)):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from ((name, *where) for where in _texts(inner))


def _with(value: Json, where: list[str | int], text: str) -> Json:
    if not where:
        return text
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[where[0]] = _with(value[where[0]], where[1:], text)
    return copy


def fields_of(schema: Json) -> set[str]:
    """Every field that a schema describes, as a dotted path without the positions in lists."""
    if "$ref" in schema:
        schema = contract()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: set[str] = set()
    for option in schema.get("anyOf", []):
        found |= fields_of(option) if "$ref" in option or option.get("type") == "array" else set()
    if schema.get("type") == "array":
        found |= fields_of(schema["items"])
    for name, inner in schema.get("properties", {}).items():
        found |= {name, *(f"{name}.{deeper}" for deeper in fields_of(inner))}
    return found


def fields_in(body: Json) -> set[str]:
    """Every field of a body, named in the same way."""
    if isinstance(body, list):
        return set().union(*(fields_in(one) for one in body))
    if not isinstance(body, dict):
        return set()
    return set(body) | {f"{name}.{deeper}" for name in body for deeper in fields_in(body[name])}
