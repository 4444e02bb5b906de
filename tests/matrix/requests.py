"""The bytes of a request, written in more than one way."""

from __future__ import annotations

import io
import json
import wave
from typing import Any

from .writes import Upload


def content_of(body: Any, spelling: int = 0) -> tuple[bytes | None, dict[str, str]]:
    """Bytes and headers. Each `spelling` of a body has the same meaning."""
    if body is None:
        return None, {}
    if isinstance(body, Upload):
        return _multipart(body, f"boundary{spelling}")
    if spelling:
        spaced = json.dumps(_turned(body), indent=spelling, separators=(" ,", " : "), ensure_ascii=spelling % 2 == 0)
        return spaced.encode(), {"Content-Type": "application/json; charset=utf-8"}
    return json.dumps(body, separators=(",", ":")).encode(), {"Content-Type": "application/json"}


def _turned(value: Any) -> Any:
    """The same with the members of every object in the opposite order."""
    if isinstance(value, dict):
        return {name: _turned(one) for name, one in reversed(value.items())}
    return [_turned(one) for one in value] if isinstance(value, list) else value


def _multipart(upload: Upload, boundary: str) -> tuple[bytes, dict[str, str]]:
    fields = {"name": upload.name, "language": "es-MX", "gender": "female"}
    parts = [_part(boundary, f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append(_part(boundary, 'name="audio"; filename="voice.wav"', _wav()))
    content = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return content, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def _part(boundary: str, disposition: str, value: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + value + b"\r\n"


def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    return file.getvalue()
