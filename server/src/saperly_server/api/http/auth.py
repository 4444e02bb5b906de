"""Who is calling, as a parameter type: `caller: Annotated[Caller, needs(Scope.NUMBERS_READ)]`.

A route without such a parameter does not know the workspace and so cannot reach any data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from saperly_server.api.services import Services, services_of
from saperly_server.core.errors import RateLimited
from saperly_server.identity import Caller, Scope, Unauthorized

_FORM = HTTPBearer(description="An API key: `sk_live_…` or `sk_test_…`.")


def needs(*scopes: Scope, bucket: str | None = None) -> Any:
    """A dependency that gives the caller, who must hold at least one of `scopes` (none listed: any valid key).

    `bucket` names the rate limit that the request counts against; by default `read` for GET and `write` for the rest.
    """
    return Depends(_Key(scopes, bucket))


@dataclass(frozen=True)
class _Key(SecurityBase):
    """The one security scheme. It looks at the key itself: a dependency less for each request to resolve."""

    scopes: tuple[Scope, ...]
    bucket: str | None
    model = _FORM
    scheme_name = "apiKey"

    async def __call__(self, request: Request) -> Caller:
        services = services_of(request)
        found = await _authenticated(request, services)
        _count(request, services, found.key_id, self.bucket or ("read" if request.method == "GET" else "write"))
        if self.scopes:
            found.require(*self.scopes)
        return found


async def _authenticated(request: Request, services: Services) -> Caller:
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    try:
        if kind.lower() != "bearer":
            raise Unauthorized
        return await services.keys.authenticate(secret.strip())
    except Unauthorized:
        _count(request, services, request.client.host if request.client else "unknown", "auth")
        raise


def _count(request: Request, services: Services, who: str, bucket: str) -> None:
    decision = services.limiter.take(who, bucket)
    request.scope["state"].setdefault("headers", {}).update(
        {
            "ratelimit-limit": str(decision.limit),
            "ratelimit-remaining": str(decision.remaining),
            "ratelimit-reset": str(decision.retry_after_sec),
        }
    )
    if not decision.allowed:
        raise RateLimited(bucket, decision.retry_after_sec)
