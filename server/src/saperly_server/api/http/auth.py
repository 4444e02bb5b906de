"""Who is calling, as a parameter type: `caller: Annotated[Caller, needs(Scope.NUMBERS_READ)]`.

A route without such a parameter does not know the workspace and so cannot reach any data.
"""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from saperly_server.api.services import Services, services_of
from saperly_server.core.errors import RateLimited
from saperly_server.identity import Caller, Scope, Unauthorized

_scheme = HTTPBearer(auto_error=False, scheme_name="apiKey", description="An API key: `sk_live_…` or `sk_test_…`.")


def needs(*scopes: Scope, bucket: str | None = None) -> Any:
    """A dependency that gives the caller, who must hold at least one of `scopes` (none listed: any valid key).

    `bucket` names the rate limit that the request counts against; by default `read` for GET and `write` for the rest.
    """

    async def caller(request: Request, _: Any = Depends(_scheme)) -> Caller:
        services = services_of(request)
        found = await _authenticated(request, services)
        _count(request, services, found.key_id, bucket or ("read" if request.method == "GET" else "write"))
        if scopes:
            found.require(*scopes)
        return found

    return Depends(caller)


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
