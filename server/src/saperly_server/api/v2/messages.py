"""`/messages`: send and list texts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from saperly_server import messaging
from saperly_server.api.http.admissions import admitted
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, PhoneNumber, ResponseBody, example
from saperly_server.api.http.idempotent import Idempotent
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.http.sender import A_SENDER, FromNumber
from saperly_server.api.services import services_of
from saperly_server.compliance import ConsentRequired, DestinationNotSupported, RecipientOptedOut
from saperly_server.gate import NumberNotFound
from saperly_server.identity import Caller, Scope
from saperly_server.ledger import InsufficientFunds, SpendLimitExceeded
from saperly_server.messaging import Message, MessageSendFailed

router = APIRouter(tags=["messages"])


class MessageBody(ResponseBody):
    """A text message."""

    id: str
    number_id: str
    direction: str
    to: str
    from_: Annotated[str, Field(alias="from")]
    body: str
    segments: int
    status: str
    created_at: Instant


class SendMessage(FromNumber):
    """One text to one recipient."""

    model_config = example(
        {"fromNumberId": "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK", "to": "+15555550123", "body": "Your table is ready."},
        anyOf=A_SENDER,
    )

    to: PhoneNumber
    body: Annotated[str, Field(min_length=1, max_length=1600)]


def _body(message: Message) -> MessageBody:
    return MessageBody.model_validate(message, from_attributes=True)


@router.post(
    "/messages",
    operation_id="messaging.send",
    summary="Send a text",
    status_code=201,
    response_model=MessageBody,
    responses=errors(
        DestinationNotSupported,
        InsufficientFunds,
        SpendLimitExceeded,
        ConsentRequired,
        RecipientOptedOut,
        NumberNotFound,
        MessageSendFailed,
        idempotent=True,
    ),
)
async def send(
    request: Request,
    caller: Annotated[Caller, needs(Scope.MESSAGES_CREATE, bucket="messages")],
    write: Idempotent,
    body: SendMessage,
) -> Response:
    desk = services_of(request).messaging
    return await admitted(
        write,
        caller,
        lambda scope: desk.send(caller, body.sender, body.to, body.body, scope),
        lambda made: desk.outcome(caller.tenant, made),
        _body,
    )


@router.get(
    "/messages",
    operation_id="messaging.list",
    summary="List texts",
    response_model=list[MessageBody],
    responses=errors(),
)
async def list_(
    request: Request,
    caller: Annotated[Caller, needs()],
    page: PageQuery,
    number_id: Annotated[str | None, Query(alias="numberId", max_length=64)] = None,
) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        rows = await messaging.list_messages(tx, page, number_id, caller.grant.numbers)
    return listing(request, page, rows, MessageBody)
