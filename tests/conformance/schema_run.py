"""Runs Schemathesis against a server and reads its findings.

Requests are made from the OpenAPI document: valid ones, broken ones, the edges of every schema, and sequences in which an
answer feeds the next request. Ids are often those of the prepared workspace, so that requests get past "not found".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis.engine import events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData

from .conftest import World

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


_OWNERS = {
    r"numbers/\{id\}": "numbers",
    "connections": "connections",
    "calls": "calls",
    "api-tokens": "keys",
}

UNSAID = {
    "country code|trunk prefix": "a number must be possible in its country's plan, not only in its form",
    "plain sip": "a SIP address is held to the strict form that no carrier reads differently",
    "The number is sold as": "an exact number is of one country and type",
    "area code": "which area codes can exist is the numbering plan's business",
    "BCP 47": "the grammar of language tags",
    "URL|name a host": "the grammar of URLs, https, and no credentials in them",
    "required when llm.kind is byo|for auth.type bearer|required for bearer|same as language|is for hosted connections": (
        "fields that go together only in some combinations"
    ),
    "NUL characters": "text that can be neither stored nor sent",
    "fromNumberId and numberId differ": "two names of one field, which may both be sent when they agree",
}
"""Messages of `ValidationError` for what a schema of this document leaves unsaid, and why."""

UNSAID_TAGS = {
    "UnsupportedModel": "which models there are is the deployment's choice",
    "UnsupportedVoice": "which voices there are changes with every upload",
    "AudioConfigurationError": "a volume only with the type office",
    "InvalidVoiceUpload": "the file must be a real recording of at most ten seconds",
    "NumberHasNoConnection": "a connection can be deleted by an earlier request of the sequence",
    "DestinationNotSupported": "emergency and premium numbers, and the workspace's countries",
}
"""Refusals that are declared for the operation, and why its request schema cannot foresee them."""


@dataclass(slots=True)
class Findings:
    """What a run came to: how many requests, which statuses, what failed."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Count another run's findings with these."""
        self.requests += other.requests
        self.statuses += other.statuses
        self.operations |= other.operations
        self.failures = {**other.failures, **self.failures}
        self.errors += other.errors

    def report(self) -> str:
        listed = [f"{operation}: {check}\n{text}" for (operation, check), text in sorted(self.failures.items())]
        return "\n\n".join([*listed, *self.errors])


def run(document: Any, url: str, world: World, config: dict[str, Any]) -> Findings:
    """One run of the engine over the whole document."""
    merged = schemathesis.Config.from_dict({**_config(url, world), **config})
    schema = schemathesis.openapi.from_dict(document, config=merged)
    _spare_own_key(schema, world.own_key_id)
    _use_fresh_keys(schema)
    _excuse(schema)
    findings = Findings()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _read(event, findings)
        elif isinstance(event, (events.NonFatalError, events.FatalError)):
            findings.errors.append(str(getattr(event, "value", None) or getattr(event, "exception", event)))
    return findings


def _config(url: str, world: World) -> dict[str, Any]:
    return {
        "base-url": url,
        "seed": 1,
        "continue-on-failure": True,
        "request-timeout": 30,
        "suppress-health-check": ["all"],
        "auth": {"openapi": {"apiKey": {"bearer": world.key}}},
        "generation": {"database": "none", "deterministic": True, "allow-x00": False},
        "checks": {
            "enabled": False,
            **{name: {"enabled": True} for name in CHECKS},
            # 502 is how the network's own refusal is told; a mistake of the server is 500, an outage 503.
            "not_a_server_error": {"enabled": True, "expected-statuses": ["2xx", "3xx", "4xx", "502"]},
        },
        "dictionaries": {
            "numbers": {"values": world.numbers},
            "connections": {"values": world.connections},
            "calls": {"values": world.calls},
            "keys": {"values": world.keys},
            "peers": {"values": world.peers},
        },
        "parameters": {
            **_often("numbers", "body.fromNumberId", "query.numberId"),
            **_often("connections", "body.connectionId"),
            **_often("peers", "body.to", "body.peerNumber", "query.peerNumber"),
        },
        "operations": [
            *(
                {"include-path-regex": f"^/{path}/", "parameters": _often(dictionary, "path.id")}
                for path, dictionary in _OWNERS.items()
            ),
            # GET /numbers/connection is a read of the number "connection", so its path allows GET as well.
            {"include-path": "/numbers/connection", "checks": {"allow_header_conformance": {"enabled": False}}},
            {"include-path-regex": "^/(consent|numbers/connection)", "parameters": _often("numbers", "body.numberId")},
        ],
    }


def _often(dictionary: str, *places: str) -> dict[str, Any]:
    return {place: {"dictionary": dictionary, "probability": 0.7} for place in places}


def _spare_own_key(schema: Any, own: str) -> None:
    """The key of the run must outlive it: listed with the others, it would be revoked sooner or later."""

    @schema.hooks.hook("filter_case")  # type: ignore[untyped-decorator]
    def spare(context: Any, case: Any) -> bool:
        return (case.path_parameters or {}).get("id") != own


def _use_fresh_keys(schema: Any) -> None:
    """A repeated `Idempotency-Key` is refused or answered from memory, which other tests look at."""

    @schema.hooks.hook("map_case")  # type: ignore[untyped-decorator]
    def renew(context: Any, case: Any) -> Any:
        key = (case.headers or {}).get("Idempotency-Key")
        if isinstance(key, str) and re.fullmatch("[!-~]{1,255}", key):
            case.headers["Idempotency-Key"] = str(uuid4())
        return case


def _excuse(schema: Any) -> None:
    """Let a refusal of valid data pass when it is for what the schema leaves unsaid."""

    @schema.hooks.hook("filter_failure")  # type: ignore[untyped-decorator]
    def keep(context: Any, failure: Any, case: Any, response: Any) -> bool:
        return not (isinstance(failure, RejectedPositiveData) and _foreseen(response.json()))


def _foreseen(body: Any) -> bool:
    if body["_tag"] != "ValidationError":
        return body["_tag"] in UNSAID_TAGS
    known = re.compile("|".join(UNSAID))
    return all(known.search(issue["message"]) for issue in body["issues"])


def _read(event: events.ScenarioFinished, findings: Findings) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        findings.requests += 1
        if interaction.response is not None:
            findings.statuses[interaction.response.status_code] += 1
        if case_id in recorder.cases:
            findings.operations.add(recorder.cases[case_id].value.operation.label)
    for case_id, check, text in _failed(recorder):
        operation = recorder.cases[case_id].value.operation.label if case_id in recorder.cases else recorder.label
        findings.failures.setdefault((operation, check), text)


def _failed(recorder: Any) -> Iterator[tuple[str, str, str]]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            answer = recorder.interactions[case_id].response
            body = "" if answer is None else f"{answer.status_code} {answer.content[:400]!r}"
            sample = re.sub(r"Bearer \S+", "Bearer $KEY'", check.failure_info.code_sample)
            yield case_id, check.name, f"{check.failure_info.failure}\n{sample}\n{body}"
