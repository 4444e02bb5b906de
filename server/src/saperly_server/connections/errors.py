"""What can go wrong with connections and voices."""

from __future__ import annotations

from typing import ClassVar, Literal

from saperly_server.core.errors import SaperlyError


class ConnectionNotFound(SaperlyError):
    """No connection of this workspace and environment has this id."""

    status = 404
    fix = "GET /connections lists the connections of this key's workspace and environment."
    shape: ClassVar = {"id": "string"}

    def __init__(self, connection_id: str) -> None:
        super().__init__(f"There is no connection {connection_id}.", id=connection_id)


class UnsupportedModel(SaperlyError):
    """The model or backend is not offered by this deployment. `field` is where it was named."""

    status = 422
    fix = "Use openai/gpt-4o, or bring your own model with llm.kind byo and byoBaseUrl."
    shape: ClassVar = {"field": "string", "model": "string", "message": "string"}

    def __init__(self, field: str, model: str, message: str) -> None:
        super().__init__(message, field=field, model=model, message=message)


class UnsupportedVoice(SaperlyError):
    """No voice that can be used now has this id. `field` is where it was named."""

    status = 422
    fix = "GET /voices lists the catalogue, GET /custom-voices your own; a custom voice must be active."
    shape: ClassVar = {"field": "string", "voice": "string", "message": "string"}

    def __init__(self, field: str, voice: str, message: str) -> None:
        super().__init__(message, field=field, voice=voice, message=message)


class AudioConfigurationError(SaperlyError):
    """The background audio cannot be played as described."""

    status = 422
    final = True
    fix = 'Send {"type": "off"}, or {"type": "office", "volume": 0.3} with a volume from 0 to 1.'
    shape: ClassVar = {"message": "string"}

    def __init__(self, message: str) -> None:
        super().__init__(message, message=message)


class CustomVoiceNotFound(SaperlyError):
    """No custom voice of this workspace and environment has this id."""

    status = 404
    fix = "GET /custom-voices lists the custom voices of this key's workspace and environment."
    shape: ClassVar = {"message": "string"}

    def __init__(self, voice_id: str) -> None:
        message = f"There is no custom voice {voice_id}."
        super().__init__(message, message=message)


class CustomVoiceConflict(SaperlyError):
    """The custom voice cannot be made or deleted now: `in_use` by a connection, or in `conflict` with other voices."""

    status = 409
    fix = "in_use: give those connections another voice first. conflict: do what the message says, then send it again."
    shape: ClassVar = {"code": "string", "message": "string"}

    def __init__(self, code: Literal["not_ready", "in_use", "conflict"], message: str) -> None:
        super().__init__(message, code=code, message=message)


class InvalidVoiceUpload(SaperlyError):
    """The upload is not a usable voice sample."""

    status = 422
    fix = "Upload at most 10 seconds and 5 MB of speech as WAV, MP3, FLAC, OGG or M4A, with a name and a language tag."
    shape: ClassVar = {"message": "string"}

    def __init__(self, message: str) -> None:
        super().__init__(message, message=message)
