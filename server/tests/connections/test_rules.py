"""What a connection may hold."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_server.connections import (
    AudioConfigurationError,
    Backend,
    BackgroundAudio,
    ConnectionChange,
    Llm,
    LlmKind,
    McpAuth,
    McpAuthType,
    McpServer,
    Mode,
    UnsupportedModel,
)
from saperly_server.connections.rules import check
from saperly_server.core.errors import ValidationError

URL = "https://mcp.example.com/mcp"


def checked(*, local_urls: bool = False, **fields: Any) -> None:
    change = ConnectionChange(**fields)
    check(change, change.mode or Mode.HOSTED, local_urls=local_urls)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"disclosure": "x" * 501}, "disclosure"),
    ({"language": "en_US"}, "language"),
    ({"mode": Mode.MANUAL, "sms_auto_reply": True}, "smsAutoReply"),
    ({"llm": Llm(LlmKind.BYO, "llama")}, "llm.byoBaseUrl"),
    ({"llm": Llm(LlmKind.BYO, "llama", "http://llm.example.com")}, "llm.byoBaseUrl"),
    ({"llm": Llm(LlmKind.MANAGED, "")}, "llm.model"),
    ({"manual_webhook_url": "http://example.com"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "http://localhost:3000"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "https://user:pass@example.com"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "https://exa mple.com"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "https://example.com:99999"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "https://" + "x" * 2050}, "manualWebhookUrl"),
    ({"manual_webhook_url": "https:///path"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "https://[::1"}, "manualWebhookUrl"),
    ({"manual_webhook_url": "javascript:alert(1)"}, "manualWebhookUrl"),
    ({"mcp_servers": (McpServer(""),)}, "mcpServers.0.url"),
    ({"mcp_servers": (McpServer(URL), McpServer("ftp://example.com"))}, "mcpServers.1.url"),
    ({"mcp_servers": (McpServer(URL, McpAuth(McpAuthType.BEARER)),)}, "mcpServers.0.auth.token"),
    ({"mcp_servers": (McpServer(URL, McpAuth(McpAuthType.NONE, "t")),)}, "mcpServers.0.auth.token"),
]


@pytest.mark.parametrize(("fields", "path"), REFUSED)
def test_what_is_not_of_the_documented_form_is_refused(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        checked(**fields)
    assert [issue["path"] for issue in refusal.value.facts["issues"]] == [path]


def test_every_issue_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        checked(name="", language="!", manual_webhook_url="x")
    assert [issue["path"] for issue in refusal.value.facts["issues"]] == ["name", "language", "manualWebhookUrl"]


@pytest.mark.parametrize("url", ["http://localhost:3000/brain", "http://127.0.0.1:8000", "http://[::1]:9/x"])
def test_development_admits_urls_of_this_machine(url: str) -> None:
    checked(manual_webhook_url=url, local_urls=True)
    checked(mcp_servers=(McpServer(url),), llm=Llm(LlmKind.BYO, "llama", url), local_urls=True)
    with pytest.raises(ValidationError):
        checked(manual_webhook_url="http://example.com", local_urls=True)


def test_only_managed_models_of_the_catalogue_are_offered() -> None:
    with pytest.raises(UnsupportedModel) as refusal:
        checked(llm=Llm(LlmKind.MANAGED, "acme/one"))
    facts = refusal.value.facts
    assert (facts["field"], facts["model"]) == ("llm.model", "acme/one")
    assert "openai/gpt-4o" in facts["message"]


def test_any_model_may_be_brought() -> None:
    checked(llm=Llm(LlmKind.BYO, "acme/one", "https://llm.example.com/v1"))


def test_the_realtime_backend_is_refused_while_it_is_not_offered() -> None:
    with pytest.raises(UnsupportedModel) as refusal:
        checked(backend=Backend.OPENAI_REALTIME)
    assert (refusal.value.facts["field"], refusal.value.facts["model"]) == ("backend", "openai_realtime")


@pytest.mark.parametrize(
    "audio",
    [
        BackgroundAudio("cafe"),
        BackgroundAudio("off", 0.5),
        BackgroundAudio("office"),
        BackgroundAudio("office", -0.1),
        BackgroundAudio("office", 1.1),
        BackgroundAudio("office", float("nan")),
        BackgroundAudio("office", float("inf")),
    ],
)
def test_background_audio_that_cannot_be_played_is_refused(audio: BackgroundAudio) -> None:
    with pytest.raises(AudioConfigurationError):
        checked(background_audio=audio)


@pytest.mark.parametrize("audio", [BackgroundAudio("off"), BackgroundAudio("office", 0), BackgroundAudio("office", 1)])
def test_background_audio_within_its_range_is_accepted(audio: BackgroundAudio) -> None:
    checked(background_audio=audio)
