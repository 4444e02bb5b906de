"""The v2 surface: camelCase, bare objects and arrays, tagged errors. Mounted at `/` and at `/v2`."""

from fastapi import APIRouter

from . import calls, connections, consent, health, keys, messages, numbers, usage, voices

router = APIRouter()
for _part in (health, numbers, connections, messages, calls, voices, usage, consent, keys):
    # One flat list: every router between a request and its route is looked through for each request.
    router.routes.extend(_part.router.routes)

__all__ = ["router"]
