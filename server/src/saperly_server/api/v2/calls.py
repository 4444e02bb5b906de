"""`/calls`: place, list, read, end and transfer calls; their transcripts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from pydantic import AfterValidator, Field
from saperly_protocol import is_e164, is_strict_sip_uri
from starlette.responses import Response

from saperly_server import voice
from saperly_server.api.http.admissions import admitted
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, PhoneNumber, RequestBody, ResponseBody, example
from saperly_server.api.http.idempotent import Idempotent
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.http.sender import A_SENDER, FromNumber
from saperly_server.api.services import services_of
from saperly_server.compliance import ConsentRequired, DestinationNotSupported, RecipientOptedOut
from saperly_server.connections import AudioConfigurationError, ConnectionNotFound, UnsupportedVoice
from saperly_server.core.errors import UpstreamError
from saperly_server.gate import NumberNotFound
from saperly_server.identity import Caller, Scope
from saperly_server.ledger import InsufficientFunds, SpendLimitExceeded
from saperly_server.voice import Call, CallNotFound, CallStartFailed, NumberHasNoConnection

router = APIRouter(tags=["calls"])

AnyKey = Annotated[Caller, needs()]
Dialler = Annotated[Caller, needs(Scope.CALLS_CREATE, bucket="calls")]
Ender = Annotated[Caller, needs(Scope.CALLS_CREATE, Scope.CALLS_CONTROL, bucket="calls")]
Controller = Annotated[Caller, needs(Scope.CALLS_CONTROL, bucket="calls")]


def _target(value: str) -> str:
    if not (is_e164(value) or is_strict_sip_uri(value)):
        raise ValueError("must be an E.164 number or a plain sip:/sips: URI")
    return value


class CallBody(ResponseBody):
    """A call. `costCents` is null until the call is settled."""

    id: str
    number_id: str
    direction: str
    to: str
    from_: Annotated[str, Field(alias="from")]
    status: str
    rate_cents_per_min: int | float | None
    duration_sec: int | None
    cost_cents: int | None
    has_recording: bool
    has_transcript: bool
    created_at: Instant


class TurnBody(ResponseBody):
    """One turn: what was said, and what of it was heard (null when nobody knows)."""

    role: str
    text: str
    heard: str | None
    interrupted: bool
    timestamp: Instant


class TranscriptBody(ResponseBody):
    """What was said on a call, in order."""

    call_id: str
    turns: list[TurnBody]


class PlaceCall(FromNumber):
    """Whom to call, from which number, and optionally with another handler or prompt for this call only."""

    model_config = example(
        {"fromNumberId": "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK", "to": "+15555550123"},
        {
            "fromNumberId": "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK",
            "to": "+15555550123",
            "instructions": "Confirm the 3pm appointment, then say goodbye.",
        },
        anyOf=A_SENDER,
    )

    to: PhoneNumber
    connection_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    instructions: Annotated[str, Field(max_length=20_000)] | None = None


class EndCall(RequestBody):
    """`durationSec` is recorded; what is charged is what the network measured."""

    model_config = example({"durationSec": 42}, {})

    duration_sec: Annotated[float, Field(ge=0, le=10**7, allow_inf_nan=False)] | None = None


class TransferCall(RequestBody):
    """Whom to put through to: a number, or a plain `sip:` or `sips:` address."""

    model_config = example({"to": "+15551230000"}, {"to": "sip:agent@example.com"})

    to: Annotated[
        str,
        Field(
            min_length=1, max_length=255, json_schema_extra={"pattern": r"^(\+[1-9][0-9]{6,14}|[Ss][Ii][Pp][Ss]?:.+)$"}
        ),
        AfterValidator(_target),
    ]


def _body(call: Call) -> CallBody:
    return CallBody.model_validate(call, from_attributes=True)


@router.post(
    "/calls",
    operation_id="voice.place",
    summary="Place a call",
    status_code=201,
    response_model=CallBody,
    responses=errors(
        DestinationNotSupported,
        InsufficientFunds,
        SpendLimitExceeded,
        ConsentRequired,
        RecipientOptedOut,
        NumberNotFound,
        ConnectionNotFound,
        NumberHasNoConnection,
        AudioConfigurationError,
        UnsupportedVoice,
        CallStartFailed,
        idempotent=True,
    ),
)
async def place(request: Request, caller: Dialler, write: Idempotent, body: PlaceCall) -> Response:
    board, only = services_of(request).calls, {"connection_id": body.connection_id, "instructions": body.instructions}
    return await admitted(
        write,
        caller,
        lambda scope: voice.place(board, caller, body.sender, body.to, **only, scope=scope),
        lambda made: voice.outcome(board, caller.tenant, made),
        _body,
    )


@router.get(
    "/calls", operation_id="voice.list", summary="List calls", response_model=list[CallBody], responses=errors()
)
async def list_(request: Request, caller: AnyKey, page: PageQuery) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        rows = await voice.list_calls(tx, page, caller.grant.numbers)
    return listing(request, page, rows, CallBody)


@router.get("/calls/{id}", operation_id="voice.get", summary="Read a call", responses=errors(CallNotFound))
async def get(request: Request, id: str, caller: AnyKey) -> CallBody:
    return _body(await _own(request, caller, id))


@router.get(
    "/calls/{id}/transcript",
    operation_id="voice.transcript",
    summary="What was said and heard",
    responses=errors(CallNotFound),
)
async def transcript(request: Request, id: str, caller: AnyKey) -> TranscriptBody:
    await _own(request, caller, id)
    async with services_of(request).db.tenant(caller.tenant) as tx:
        turns = await voice.transcript(tx, id)
    return TranscriptBody(call_id=id, turns=[_turn(turn) for turn in turns])


@router.get(
    "/calls/{id}/recording",
    operation_id="voice.recording",
    summary="The call's audio",
    status_code=302,
    response_class=Response,
    responses={302: {"description": "A short-lived address in `Location`."}, **errors(CallNotFound, UpstreamError)},
)
async def recording(request: Request, id: str, caller: AnyKey) -> Response:
    """No audio is recorded by this server yet, so every call is one without a recording."""
    await _own(request, caller, id)
    raise CallNotFound(id)


@router.post(
    "/calls/{id}/end",
    operation_id="voice.end",
    summary="Hang up",
    response_model=CallBody,
    responses=errors(CallNotFound, idempotent=True),
)
async def end(
    request: Request, id: str, caller: Ender, write: Idempotent, body: Annotated[EndCall | None, Body()] = None
) -> Response:
    board, reported = services_of(request).calls, body.duration_sec if body is not None else None
    return await write.run_outside(caller, lambda: voice.end(board, caller, id, reported), _body)


@router.post(
    "/calls/{id}/transfer",
    operation_id="voice.transfer",
    summary="Put the peer through to somebody else",
    response_model=CallBody,
    responses=errors(CallNotFound, CallStartFailed, idempotent=True),
)
async def transfer(request: Request, id: str, caller: Controller, write: Idempotent, body: TransferCall) -> Response:
    board = services_of(request).calls
    await _own(request, caller, id)
    return await write.run_outside(caller, lambda: voice.transfer(board, caller, id, body.to), _body)


async def _own(request: Request, caller: Caller, call_id: str) -> Call:
    """The call. One of a number that the key may not use is answered like one that never was."""
    async with services_of(request).db.tenant(caller.tenant) as tx:
        call = await voice.get_call(tx, call_id)
    if not caller.may_use(call.number_id):
        raise CallNotFound(call_id)
    return call


def _turn(turn: voice.TranscriptTurn) -> TurnBody:
    """To customers there are two sides of a call; what the platform itself says is on the assistant's."""
    role = "user" if turn.role == "user" else "assistant"
    return TurnBody(role=role, text=turn.text, heard=turn.heard, interrupted=turn.interrupted, timestamp=turn.timestamp)
