"""Secrets: how they are made, hashed, encrypted and compared."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import string
import zlib

from cryptography.fernet import Fernet, InvalidToken

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def random_base62(length: int) -> str:
    """`length` random characters of `0-9A-Za-z` from the system's generator."""
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def checksum(text: str) -> str:
    """Six base62 characters of CRC-32: tells a mistyped or truncated key from an unknown one, offline."""
    value = zlib.crc32(text.encode())
    digits = []
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def sha256(text: str) -> bytes:
    """What is stored of a high-entropy secret."""
    return hashlib.sha256(text.encode()).digest()


def same(one: str, other: str) -> bool:
    """Constant-time comparison of two secrets."""
    return hmac.compare_digest(one.encode(), other.encode())


class SecretBox:
    """Encrypts what must be readable again (a connection's manual secret, an MCP server's token) with one deployment key."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

    def seal(self, plain: str) -> bytes:
        return self._fernet.encrypt(plain.encode())

    def open(self, sealed: bytes) -> str:
        """The plain text; ValueError when it was sealed with another key or changed."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise ValueError("a stored secret cannot be read with this deployment's secret key") from error
