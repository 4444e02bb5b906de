"""`/consent`: record, revoke, check and list consent."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from saperly_server import compliance, ledger, numbers
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, PhoneNumber, RequestBody, ResponseBody, example
from saperly_server.api.http.idempotent import Idempotent
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.services import services_of
from saperly_server.compliance import ConsentRecord, ConsentType, RecipientOptedOut
from saperly_server.core.db import TenantTx
from saperly_server.gate import NumberNotFound
from saperly_server.identity import Caller, Scope

router = APIRouter(tags=["consent"])

AnyKey = Annotated[Caller, needs()]
ConsentWriter = Annotated[Caller, needs(Scope.CONSENT_WRITE)]
NumberId = Annotated[str, Field(min_length=1, max_length=64)]


class ConsentRecordBody(ResponseBody):
    """One number may contact one peer."""

    id: str
    number_id: str
    peer_number: str
    consent_type: str
    source: str
    granted_at: Instant
    revoked_at: Instant | None


class ConsentRevokedBody(ResponseBody):
    """The revoked record; without one (there was nothing to revoke) only its number and peer."""

    status: Literal["revoked"] = "revoked"
    id: str | None
    number_id: str
    peer_number: str
    consent_type: str | None
    source: str | None
    granted_at: Instant | None
    revoked_at: Instant | None


class ConsentCheck(ResponseBody):
    """Is there consent, and of which type."""

    has_consent: bool
    type: str | None = None


class RecordConsent(RequestBody):
    """Whose consent, for which number, and how it was given."""

    model_config = example(
        {
            "numberId": "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK",
            "peerNumber": "+15555550123",
            "consentType": "explicit_outbound",
            "source": "sms_optin",
        }
    )

    number_id: NumberId
    peer_number: PhoneNumber
    consent_type: Literal["implied_inbound", "explicit_outbound"]
    source: Annotated[str, Field(min_length=1, max_length=500)]


class RevokeConsent(RequestBody):
    """Whose consent for which number ends."""

    model_config = example({"numberId": "num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK", "peerNumber": "+15555550123"})

    number_id: NumberId
    peer_number: PhoneNumber


def _body(record: ConsentRecord) -> ConsentRecordBody:
    return ConsentRecordBody.model_validate(record, from_attributes=True)


def _revoked(body: RevokeConsent, record: ConsentRecord | None) -> ConsentRevokedBody:
    if record is None:
        nothing = dict.fromkeys(("id", "consent_type", "source", "granted_at", "revoked_at"))
        return ConsentRevokedBody(number_id=body.number_id, peer_number=body.peer_number, **nothing)
    return ConsentRevokedBody.model_validate(record, from_attributes=True)


@router.get(
    "/consent",
    operation_id="consent.list",
    summary="List consent records",
    response_model=list[ConsentRecordBody],
    responses=errors(),
)
async def list_(request: Request, caller: AnyKey, page: PageQuery) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        rows = await compliance.list_consents(tx, page, caller.grant.numbers)
    return listing(request, page, rows, ConsentRecordBody)


@router.post(
    "/consent",
    operation_id="consent.record",
    summary="Record consent",
    status_code=201,
    response_model=ConsentRecordBody,
    responses=errors(NumberNotFound, RecipientOptedOut, idempotent=True),
)
async def record(caller: ConsentWriter, write: Idempotent, body: RecordConsent) -> Response:
    caller.require_number(body.number_id)

    async def operation(tx: TenantTx) -> ConsentRecord:
        await ledger.lock(tx, tx.tenant)
        await numbers.usable_number(tx, body.number_id)
        kind = ConsentType(body.consent_type)
        return await compliance.grant(tx, tx.tenant, body.number_id, body.peer_number, kind, body.source, caller.actor)

    return await write.run(caller, operation, _body, status=201)


@router.post(
    "/consent/revoke",
    operation_id="consent.revoke",
    summary="Revoke consent",
    response_model=ConsentRevokedBody,
    responses=errors(NumberNotFound, idempotent=True),
)
async def revoke(caller: ConsentWriter, write: Idempotent, body: RevokeConsent) -> Response:
    caller.require_number(body.number_id)

    async def operation(tx: TenantTx) -> ConsentRecord | None:
        await numbers.get_number(tx, body.number_id)
        return await compliance.revoke(tx, tx.tenant, body.number_id, body.peer_number, caller.actor)

    return await write.run(caller, operation, lambda found: _revoked(body, found))


@router.get(
    "/consent/check",
    operation_id="consent.check",
    summary="May this number contact this peer?",
    response_model_exclude_none=True,
    responses=errors(NumberNotFound),
)
async def check(
    request: Request,
    caller: AnyKey,
    number_id: Annotated[str, Query(alias="numberId", min_length=1, max_length=64)],
    peer_number: Annotated[PhoneNumber, Query(alias="peerNumber")],
) -> ConsentCheck:
    caller.require_number(number_id)
    async with services_of(request).db.tenant(caller.tenant) as tx:
        await numbers.get_number(tx, number_id)
        state = await compliance.check(tx, number_id, peer_number)
    return ConsentCheck(has_consent=state.has_consent, type=state.type)
