"""`/api-tokens`: mint, list and revoke child keys. Both forms of the mint body and both scope vocabularies are taken."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BeforeValidator, Field, model_validator
from starlette.responses import Response

from saperly_server import identity
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, RequestBody, ResponseBody, example, whole
from saperly_server.api.http.idempotent import Idempotent
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.services import services_of
from saperly_server.core.errors import ValidationError
from saperly_server.identity import ApiKey, AuthorizationDenied, Caller, Grant, MintedKey, Scope, SpendLimit

router = APIRouter(tags=["keys"])

KeyAdmin = Annotated[Caller, needs(Scope.KEYS_ADMIN, bucket="keys")]
_WORDS = sorted({*Scope, *identity.COARSE})
ScopeWord = Annotated[
    str, Field(min_length=1, max_length=40, json_schema_extra={"enum": [str(word) for word in _WORDS]})
]
Scopes = Annotated[list[ScopeWord], Field(min_length=1, max_length=50)]
NumberIds = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=10_000)]
Cents = Annotated[int, Field(ge=1, le=10**12), BeforeValidator(whole)]
Reset = Literal["monthly"]


class GrantResources(RequestBody):
    numbers: NumberIds | None = None


class GrantSpendLimit(RequestBody):
    amount_cents: Cents
    reset_period: Reset | None = None


class GrantBody(RequestBody):
    scopes: Scopes
    resources: GrantResources | None = None
    spend_limit: GrantSpendLimit | None = None


_FLAT = ("scopes", "numberScope", "spendLimitCents", "spendLimitResetPeriod")
_ONE_FORM: list[dict[str, Any]] = [
    {"required": ["grant"], "properties": {"grant": {"type": "object"}, **{name: {"type": "null"} for name in _FLAT}}},
    {"required": ["scopes"], "properties": {"scopes": {"type": "array"}, "grant": {"type": "null"}}},
]


class MintKey(RequestBody):
    """Either `grant`, or the flat `scopes`, `numberScope`, `spendLimitCents` and `spendLimitResetPeriod`."""

    model_config = example(
        {
            "name": "agent-42",
            "grant": {
                "scopes": ["calls:create", "messages:create", "numbers:read", "read"],
                "resources": {"numbers": ["num_01JB5WTR5SD0V0Q5ZQ6XN0R4QK"]},
                "spendLimit": {"amountCents": 5000, "resetPeriod": "monthly"},
            },
        },
        {"name": "reader", "scopes": ["read"]},
        oneOf=_ONE_FORM,
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    grant: GrantBody | None = None
    scopes: Scopes | None = None
    number_scope: NumberIds | None = None
    spend_limit_cents: Cents | None = None
    spend_limit_reset_period: Reset | None = None

    @model_validator(mode="after")
    def _one_form(self) -> MintKey:
        flat = (self.scopes, self.number_scope, self.spend_limit_cents, self.spend_limit_reset_period)
        if self.grant is not None and any(part is not None for part in flat):
            raise ValueError("send either grant or the flat fields, not both")
        if self.grant is None and self.scopes is None:
            raise ValueError("scopes is required")
        return self

    def wanted(self) -> Grant:
        """The grant that is asked for. ValidationError names an unknown scope."""
        words = self.grant.scopes if self.grant is not None else self.scopes or []
        try:
            scopes = identity.expand(words, coarse=self.grant is None)
        except ValueError as unknown:
            message = f"{unknown} is not a scope."
            raise ValidationError(message, [{"path": "scopes", "message": message}]) from unknown
        return Grant(scopes, self._numbers(), self._limit())

    def _numbers(self) -> frozenset[str] | None:
        if self.grant is not None:
            listed = self.grant.resources.numbers if self.grant.resources is not None else None
            return None if listed is None else frozenset(listed)
        return frozenset(self.number_scope) if self.number_scope else None

    def _limit(self) -> SpendLimit | None:
        if self.grant is not None:
            limit = self.grant.spend_limit
            return None if limit is None else SpendLimit(limit.amount_cents, limit.reset_period)
        if self.spend_limit_cents is None:
            return None
        return SpendLimit(self.spend_limit_cents, self.spend_limit_reset_period)


class ApiTokenCreated(ResponseBody):
    """A new key. `token` and `key` are its plaintext, in this answer only; a replayed answer leaves both out."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    permissions: list[str]
    last_used_at: Instant | None
    created_at: Instant
    token: str | None = None
    key: str | None = None


class ApiToken(ResponseBody):
    """A key as it is listed: `token` is masked."""

    id: str
    name: str
    token: str
    prefix: str
    scopes: list[str]
    last_used_at: Instant | None
    created_at: Instant
    revoked_at: Instant | None
    number_scope: list[str] | None
    spend_limit_cents: int | None
    spend_limit_reset_period: str | None
    spent_this_period_cents: int | None
    can_provision_keys: bool
    permissions: list[str]
    minted_by_token_id: str | None


class Revoked(ResponseBody):
    """The key and the keys below it no longer work."""

    status: Literal["revoked"] = "revoked"


def _listed(key: ApiKey) -> ApiToken:
    limit = key.grant.limit
    return ApiToken(
        id=key.id,
        name=key.name,
        token=f"{key.prefix}…",
        prefix=key.prefix,
        scopes=identity.summarise(key.grant.scopes),
        last_used_at=key.last_used_at,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        number_scope=None if key.grant.numbers is None else sorted(key.grant.numbers),
        spend_limit_cents=limit.amount_cents if limit else None,
        spend_limit_reset_period=limit.reset if limit else None,
        spent_this_period_cents=key.spent_cents,
        can_provision_keys=Scope.KEYS_ADMIN in key.grant.scopes,
        permissions=sorted(key.grant.scopes),
        minted_by_token_id=key.minted_by,
    )


def _created(minted: MintedKey, *, secret: bool) -> ApiTokenCreated:
    key = minted.key
    return ApiTokenCreated(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=identity.summarise(key.grant.scopes),
        permissions=sorted(key.grant.scopes),
        last_used_at=None,
        created_at=key.created_at,
        token=minted.plaintext if secret else None,
        key=minted.plaintext if secret else None,
    )


@router.get(
    "/api-tokens",
    operation_id="keys.list",
    summary="List this key and the keys below it",
    response_model=list[ApiToken],
    responses=errors(),
)
async def list_(request: Request, caller: KeyAdmin, page: PageQuery) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        rows = await identity.list_keys(tx, caller, page)
    return listing(request, page, [_listed(key) for key in rows], ApiToken)


@router.post(
    "/api-tokens",
    operation_id="keys.mint",
    summary="Mint a child key",
    status_code=201,
    response_model=ApiTokenCreated,
    responses=errors(AuthorizationDenied, idempotent=True),
)
async def mint(caller: KeyAdmin, write: Idempotent, body: MintKey) -> Response:
    wanted = body.wanted()
    return await write.run(
        caller,
        lambda tx: identity.mint_child(tx, caller, body.name, wanted),
        lambda minted: _created(minted, secret=True),
        status=201,
        remembered=lambda minted: _created(minted, secret=False),
    )


@router.post(
    "/api-tokens/{id}/revoke",
    operation_id="keys.revoke",
    summary="Revoke a key and every key below it",
    response_model=Revoked,
    responses=errors(AuthorizationDenied, idempotent=True),
)
async def revoke(id: str, caller: KeyAdmin, write: Idempotent) -> Response:
    return await write.run(caller, lambda tx: identity.revoke(tx, caller, id), lambda _: Revoked())
