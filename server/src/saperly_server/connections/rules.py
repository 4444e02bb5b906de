"""What a connection may hold. Pure functions over what was sent; nothing here reads the database."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from saperly_server.core.errors import ValidationError

from .catalogue import managed_models
from .contracts import (
    DISCLOSURE_LENGTH,
    NAME_LENGTH,
    Backend,
    BackgroundAudio,
    ConnectionChange,
    Llm,
    LlmKind,
    McpAuthType,
    McpServer,
    Mode,
)
from .errors import AudioConfigurationError, UnsupportedModel

_URL_LENGTH = 2048
_MODEL_LENGTH = 200
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# The langtag and privateuse productions of RFC 5646, section 2.1.
_LANGUAGE_TAG = re.compile(
    r"""(?: (?: [a-z]{2,3} (?:-[a-z]{3}){0,3} | [a-z]{4,8} )   # language, extended languages
            (?:-[a-z]{4})?                                     # script
            (?:-(?:[a-z]{2}|[0-9]{3}))?                        # region
            (?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*           # variants
            (?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*                # extensions
            (?:-x(?:-[a-z0-9]{1,8})+)?                         # private use
        |   x(?:-[a-z0-9]{1,8})+ )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_TAG_LENGTH = 64

Issue = tuple[str, str]


def is_language_tag(text: str) -> bool:
    """Is it well-formed by BCP 47? Whether anybody speaks it is another question."""
    return len(text) <= _TAG_LENGTH and _LANGUAGE_TAG.fullmatch(text) is not None


def check(change: ConnectionChange, mode: Mode, *, local_urls: bool) -> None:
    """Refuse what cannot be stored. `mode` is the connection's after the change.

    `local_urls` also admits http URLs of this machine, for development. Raises ValidationError with every issue of form,
    then UnsupportedModel or AudioConfigurationError. Only what is sent is looked at, so a connection that was made under
    an older catalogue can still be renamed.
    """
    issues = [*_text_issues(change), *_url_issues(change, local_urls), *_server_issues(change.mcp_servers or ())]
    if change.sms_auto_reply and mode is Mode.MANUAL:
        issues.append(("smsAutoReply", "is for hosted connections; a manual one answers texts itself"))
    if issues:
        listed = [{"path": path, "message": message} for path, message in issues]
        raise ValidationError(f"{issues[0][0]}: {issues[0][1]}", listed)
    _check_backend(change.backend)
    _check_model(change.llm)
    _check_background(change.background_audio)


def _text_issues(change: ConnectionChange) -> Iterator[Issue]:
    if change.name is not None and not 1 <= len(change.name) <= NAME_LENGTH:
        yield "name", f"has 1 to {NAME_LENGTH} characters"
    if len(change.disclosure or "") > DISCLOSURE_LENGTH:
        yield "disclosure", f"has at most {DISCLOSURE_LENGTH} characters"
    if change.language and not is_language_tag(change.language):
        yield "language", "must be a BCP 47 language tag such as en-US"
    if change.llm is not None and not 1 <= len(change.llm.model) <= _MODEL_LENGTH:
        yield "llm.model", f"has 1 to {_MODEL_LENGTH} characters"


def _url_issues(change: ConnectionChange, local: bool) -> Iterator[Issue]:
    sent = {"manualWebhookUrl": change.manual_webhook_url}
    if change.llm is not None:
        sent["llm.byoBaseUrl"] = change.llm.byo_base_url
        if change.llm.kind is LlmKind.BYO and not change.llm.byo_base_url:
            yield "llm.byoBaseUrl", "is required when llm.kind is byo"
    for place, server in enumerate(change.mcp_servers or ()):
        sent[f"mcpServers.{place}.url"] = server.url
        if not server.url:
            yield f"mcpServers.{place}.url", "is required"
    for path, url in sent.items():
        problem = _url_problem(url, local) if url else None
        if problem is not None:
            yield path, problem


def _url_problem(url: str, local: bool) -> str | None:
    """What keeps us from ever connecting there. Which address a name leads to is checked when connecting."""
    if len(url) > _URL_LENGTH or any(char.isspace() or not char.isprintable() for char in url):
        return f"must be a URL of at most {_URL_LENGTH} printable characters without white space"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "must be a URL"
    if not host:
        return "must be a URL that names a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold credentials"
    if parts.scheme == "https" or (local and parts.scheme == "http" and host in _LOCAL_HOSTS):
        return None
    return "must be an https URL"


def _server_issues(servers: tuple[McpServer, ...]) -> Iterator[Issue]:
    for place, server in enumerate(servers):
        bearer = server.auth is not None and server.auth.type is McpAuthType.BEARER
        token = server.auth is not None and bool(server.auth.token)
        if bearer and not token:
            yield f"mcpServers.{place}.auth.token", "is required for bearer; a stored token is never taken over"
        if token and not bearer:
            yield f"mcpServers.{place}.auth.token", "is for auth.type bearer"


def _check_backend(backend: Backend | None) -> None:
    if backend is Backend.OPENAI_REALTIME:
        message = "This deployment does not offer the backend openai_realtime; use network."
        raise UnsupportedModel("backend", backend.value, message)


def _check_model(llm: Llm | None) -> None:
    if llm is None or llm.kind is LlmKind.BYO or llm.model in managed_models().names:
        return
    offered = ", ".join(sorted(managed_models().names))
    raise UnsupportedModel("llm.model", llm.model, f"Managed models are {offered}.")


def _check_background(audio: BackgroundAudio | None) -> None:
    if audio is None:
        return
    if audio.type not in ("off", "office"):
        raise AudioConfigurationError("backgroundAudio.type is off or office.")
    if audio.type == "off" and audio.volume is not None:
        raise AudioConfigurationError("backgroundAudio.volume is for the type office.")
    if audio.type == "office" and not (audio.volume is not None and _in_range(audio.volume)):
        raise AudioConfigurationError("backgroundAudio.volume is a number from 0 to 1.")


def _in_range(volume: float) -> bool:
    return math.isfinite(volume) and 0 <= volume <= 1
