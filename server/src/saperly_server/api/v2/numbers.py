"""`/numbers`: list, read, buy, release, and change a number."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from saperly_server import numbers
from saperly_server.api.http.admissions import admitted
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, PhoneNumber, RequestBody, ResponseBody, example
from saperly_server.api.http.idempotent import Idempotent, answer, dumped
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.http.urls import webhook_url
from saperly_server.api.services import services_of
from saperly_server.connections import ConnectionNotFound
from saperly_server.core.errors import UpstreamError
from saperly_server.gate import NumberNotFound, NumberQuotaExceeded, PriceChanged
from saperly_server.identity import Caller, Scope
from saperly_server.ledger import InsufficientFunds, PaymentMethodRequired
from saperly_server.numbers import (
    CountryNotAvailable,
    InvalidCallerIdName,
    InvalidSmsSenderId,
    NoNumbersAvailable,
    NumberWish,
)

router = APIRouter(tags=["numbers"])

Reader = Annotated[Caller, needs(Scope.NUMBERS_READ)]
Buyer = Annotated[Caller, needs(Scope.NUMBERS_PROVISION, bucket="numbers")]
Releaser = Annotated[Caller, needs(Scope.NUMBERS_RELEASE, bucket="numbers")]
Binder = Annotated[Caller, needs(Scope.CONNECTIONS_WRITE)]
Hooker = Annotated[Caller, needs(Scope.WEBHOOKS_WRITE)]
Writer = Annotated[Caller, needs(Scope.NUMBERS_WRITE, Scope.NUMBERS_PROVISION)]

Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class PhoneNumberBody(ResponseBody):
    """A phone number."""

    id: str
    phone_number: str
    connection_id: str | None
    webhook_url: str | None
    sms_sender_id: str | None
    caller_id_name: str | None
    country: str | None
    number_type: str | None
    monthly_price_cents: int | None
    currency: str | None
    next_charge_at: Instant | None
    released_at: Instant | None
    created_at: Instant


class OrderNumber(RequestBody):
    """What number to buy. Everything is optional; `{}` buys a local US number anywhere."""

    model_config = example(
        {"areaCode": "415"},
        {"country": "US", "numberType": "toll_free", "expectedMonthlyPriceCents": 250},
        {"phoneNumber": "+14155550123"},
    )

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    number_type: Literal["local", "toll_free", "mobile", "national"] | None = None
    area_code: Annotated[str, Field(pattern=r"^[0-9]{1,6}$")] | None = None
    phone_number: PhoneNumber | None = None
    expected_monthly_price_cents: Price | None = None
    expected_upfront_price_cents: Price | None = None
    approve_higher_price: bool | None = None

    def wish(self) -> NumberWish:
        return NumberWish(
            country=self.country,
            number_type=self.number_type,
            area_code=self.area_code,
            phone_number=self.phone_number,
            expected_monthly_cents=self.expected_monthly_price_cents,
            expected_upfront_cents=self.expected_upfront_price_cents,
            approve_higher_price=bool(self.approve_higher_price),
        )


class AssignConnection(RequestBody):
    """Who answers."""

    model_config = example({"connectionId": "conn_01JB5WTT0MZ8TWK0XGMF0B2M5D"})

    connection_id: Annotated[str, Field(min_length=1, max_length=64)]


class AssignNumberConnection(AssignConnection):
    """Who answers, and at which number."""

    model_config = example(
        {"numberId": "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK", "connectionId": "conn_01JB5WTT0MZ8TWK0XGMF0B2M5D"}
    )

    number_id: Annotated[str, Field(min_length=1, max_length=64)]


class SetWebhook(RequestBody):
    """Where the number's events go: an https URL without credentials."""

    model_config = example({"url": "https://example.com/hooks/saperly"})

    url: Annotated[
        str,
        Field(min_length=1, max_length=2048, json_schema_extra={"format": "uri", "pattern": "^https://"}),
        AfterValidator(webhook_url),
    ]


class SetSmsSender(RequestBody):
    """The name that texts outside North America come from; null for the number."""

    model_config = example({"smsSenderId": "Acme"})

    sms_sender_id: Annotated[str, Field(json_schema_extra={"pattern": "^(?=.*[A-Za-z])[A-Za-z0-9]{1,11}$"})] | None


class SetCallerId(RequestBody):
    """The name that called parties see; null for none."""

    model_config = example({"callerIdName": "Acme Inc"})

    caller_id_name: (
        Annotated[str, Field(json_schema_extra={"pattern": "^[A-Za-z](?:[A-Za-z0-9]| (?! |$)){0,14}$"})] | None
    )


class Released(ResponseBody):
    """The number was given back."""

    status: Literal["released"] = "released"


def _body(number: numbers.Number) -> PhoneNumberBody:
    return PhoneNumberBody.model_validate(number, from_attributes=True)


@router.get(
    "/numbers",
    operation_id="numbers.list",
    summary="List numbers",
    response_model=list[PhoneNumberBody],
    responses=errors(),
)
async def list_(request: Request, caller: Reader, page: PageQuery) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        rows = await numbers.list_numbers(tx, page, caller.grant.numbers)
    return listing(request, page, rows, PhoneNumberBody)


@router.get(
    "/numbers/{id}",
    operation_id="numbers.get",
    summary="Read a number",
    response_model=PhoneNumberBody,
    responses=errors(NumberNotFound),
)
async def get(request: Request, id: str, caller: Reader) -> Response:
    caller.require_number(id)
    return answer(200, dumped(_body(await services_of(request).numbers.read(caller.tenant, id))))


@router.post(
    "/numbers",
    operation_id="numbers.provision",
    summary="Buy a number",
    status_code=201,
    response_model=PhoneNumberBody,
    responses=errors(
        InsufficientFunds,
        PaymentMethodRequired,
        CountryNotAvailable,
        NoNumbersAvailable,
        NumberQuotaExceeded,
        PriceChanged,
        UpstreamError,
        idempotent=True,
    ),
)
async def provision(
    request: Request, caller: Buyer, write: Idempotent, body: Annotated[OrderNumber | None, Body()] = None
) -> Response:
    desk = services_of(request).provisioner
    wish = (body or OrderNumber()).wish()
    return await admitted(
        write,
        caller,
        lambda scope: desk.provision(caller, wish, scope),
        lambda made: desk.outcome(caller.tenant, made),
        _body,
    )


@router.post(
    "/numbers/connection",
    operation_id="numbers.assignConnectionById",
    summary="Bind a connection to a number named in the body",
    response_model=PhoneNumberBody,
    responses=errors(NumberNotFound, ConnectionNotFound, UpstreamError, idempotent=True),
)
async def assign_by_body(caller: Binder, write: Idempotent, body: AssignNumberConnection) -> Response:
    return await _assign(caller, write, body.number_id, body.connection_id)


@router.post(
    "/numbers/{id}/connection",
    operation_id="numbers.assignConnection",
    summary="Bind a connection to a number",
    response_model=PhoneNumberBody,
    responses=errors(NumberNotFound, ConnectionNotFound, UpstreamError, idempotent=True),
)
async def assign(id: str, caller: Binder, write: Idempotent, body: AssignConnection) -> Response:
    return await _assign(caller, write, id, body.connection_id)


async def _assign(caller: Caller, write: Idempotent, number_id: str, connection_id: str) -> Response:
    caller.require_number(number_id)
    return await write.run(caller, lambda tx: numbers.bind(tx, number_id, connection_id, caller.actor), _body)


@router.post(
    "/numbers/{id}/release",
    operation_id="numbers.release",
    summary="Give a number back",
    response_model=Released,
    responses=errors(NumberNotFound, UpstreamError, idempotent=True),
)
async def release(id: str, caller: Releaser, write: Idempotent) -> Response:
    caller.require_number(id)
    return await write.run(caller, lambda tx: numbers.release(tx, id, caller.actor), lambda _: Released())


@router.post(
    "/numbers/{id}/webhook",
    operation_id="numbers.setWebhook",
    summary="Set the number's webhook URL",
    response_model=PhoneNumberBody,
    responses=errors(NumberNotFound, idempotent=True),
)
async def set_webhook(id: str, caller: Hooker, write: Idempotent, body: SetWebhook) -> Response:
    caller.require_number(id)
    return await write.run(caller, lambda tx: numbers.set_webhook(tx, id, body.url, caller.actor), _body)


@router.post(
    "/numbers/{id}/sms-sender",
    operation_id="numbers.setSmsSenderId",
    summary="Set the alphanumeric sender of international texts",
    response_model=PhoneNumberBody,
    responses=errors(InvalidSmsSenderId, NumberNotFound, idempotent=True),
)
async def set_sms_sender(id: str, caller: Writer, write: Idempotent, body: SetSmsSender) -> Response:
    caller.require_number(id)
    return await write.run(caller, lambda tx: numbers.set_sms_sender(tx, id, body.sms_sender_id, caller.actor), _body)


@router.post(
    "/numbers/{id}/caller-id",
    operation_id="numbers.setCallerIdName",
    summary="Set the name shown to the called party",
    response_model=PhoneNumberBody,
    responses=errors(InvalidCallerIdName, NumberNotFound, UpstreamError, idempotent=True),
)
async def set_caller_id(id: str, caller: Writer, write: Idempotent, body: SetCallerId) -> Response:
    caller.require_number(id)
    return await write.run(caller, lambda tx: numbers.set_caller_id(tx, id, body.caller_id_name, caller.actor), _body)
