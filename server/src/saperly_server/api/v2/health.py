"""Is the server alive, and can it work?"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request

from saperly_server.api.http.body import ResponseBody
from saperly_server.api.http.openapi import errors
from saperly_server.api.services import services_of

router = APIRouter(tags=["health"])


class Health(ResponseBody):
    """All is well."""

    status: Literal["ok"] = "ok"


@router.get("/health", operation_id="health.check", summary="Is the server alive?")
async def health() -> Health:
    return Health()


@router.get("/ready", operation_id="health.ready", summary="Can the server work?", responses=errors(keyless=True))
async def ready(request: Request) -> Health:
    await services_of(request).db.ping()
    return Health()
