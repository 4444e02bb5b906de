"""`POST /carrier-events/{carrier}`: what a carrier reports. Its signature is its credential."""

from __future__ import annotations

from fastapi import APIRouter, Request
from saperly_carriers.port import CarrierProtocol, IntakeRefused, RawRequest
from starlette.responses import Response

from saperly_server.api.http.errors import NotFound
from saperly_server.api.services import services_of
from saperly_server.core.errors import ValidationError
from saperly_server.identity import Unauthorized

router = APIRouter(include_in_schema=False)


@router.post("/carrier-events/{carrier}")
async def receive(request: Request, carrier: str) -> Response:
    services = services_of(request)
    if carrier not in services.intake.carriers:
        raise NotFound("There is no such carrier here.", message="There is no such carrier here.")
    raw = RawRequest(
        request.method,
        str(request.url),
        {name.lower(): value for name, value in request.headers.items()},
        await request.body(),
        services.clock.now(),
    )
    try:
        answer = await services.intake.receive(carrier, raw)
    except IntakeRefused as refused:
        raise Unauthorized(refused.message) from refused
    except CarrierProtocol as unreadable:
        raise ValidationError("The body cannot be read.") from unreadable
    return Response(answer.body, answer.status, dict(answer.headers))
