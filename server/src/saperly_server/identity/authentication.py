"""From a secret to a caller. Only the secret's SHA-256 is looked up, and every ancestor is looked at with it."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from saperly_server.core import crypto
from saperly_server.core.batch import Folded
from saperly_server.core.db import Database, Tenant

from .contracts import Caller, Grant, SpendLimit, effective
from .errors import Unauthorized
from .scopes import Scope

_FORM = re.compile(r"(?:sap_)?(sk_(?:live|test)_[A-Za-z0-9]{16,128})")


class KeyRing:
    """Finds callers. Requests that arrive together are looked up together; nothing is remembered between look-ups, so a
    key that was revoked is dead at the next request."""

    def __init__(self, db: Database) -> None:
        self._chains = Folded(db, "identity_chains")

    async def authenticate(self, secret: str) -> Caller:
        """The caller behind a key, spelled `sk_…` or `sap_sk_…`.

        Unauthorized when it is malformed, unknown, expired or revoked, or an ancestor is.
        """
        key = _FORM.fullmatch(secret)
        if key is None:
            raise Unauthorized
        chain = await self._chains(crypto.sha256(key[1]).hex())
        if not chain or any(key["dead"] for key in chain):
            raise Unauthorized
        own = chain[-1]
        return Caller(
            tenant=Tenant(own["workspaceId"], own["environment"]),
            key_id=own["id"],
            path=tuple(own["path"]),
            grant=effective([_grant(key) for key in chain]),
        )


@lru_cache(maxsize=1_000)
def _scopes(words: tuple[str, ...]) -> frozenset[Scope]:
    return frozenset(map(Scope, words))


def _grant(key: dict[str, Any]) -> Grant:
    return Grant(
        scopes=_scopes(tuple(key["scopes"])),
        numbers=None if key["numbers"] is None else frozenset(key["numbers"]),
        limit=None if key["limitCents"] is None else SpendLimit(key["limitCents"], key["limitReset"]),
        expires_at=None if key["expiresAt"] is None else datetime.fromisoformat(key["expiresAt"]),
    )
