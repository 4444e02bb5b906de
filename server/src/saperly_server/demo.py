"""Something to call at once: a demo receptionist with a number, in the test environment, so that a live key starts clean.

It is set up while the test environment has never had a number, and is the customer's own from then on: what they change,
rebind or release stays as they left it.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import connections, identity, numbers
from .api.services import Services
from .connections import CallControl, Connection, ConnectionDraft, Transfer
from .core.db import Tenant, TenantTx
from .core.errors import SaperlyError
from .core.pagination import Page
from .gate import Repeated
from .identity import Caller
from .numbers import Number, NumberWish

NAME = "Demo receptionist"
_AREA_CODE = "415"
_FRIEND = "+15005551013"
_ACTOR = "system"
_INSTRUCTIONS = "Open with: Hello, this is the demo receptionist. How can I help you?"


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo as it stands: its number, and who answers there."""

    phone_number: str
    connection: str


class DemoNotReady(Exception):
    """The demo could not be set up; the message is a sentence that says why. Everything else works."""


async def ensure(services: Services, workspace_id: str) -> Demo | None:
    """Set the demo up where it has never been; None when the customer has taken it apart. Raises DemoNotReady."""
    tenant = Tenant(workspace_id, "test")
    try:
        return await _ensure(services, tenant)
    except SaperlyError as refused:
        raise DemoNotReady(refused.message) from refused


async def _ensure(services: Services, tenant: Tenant) -> Demo | None:
    async with services.db.tenant(tenant) as tx:
        number = await _oldest_number(tx)
        connection = await _connection(tx, services, make=number is None)
    if connection is None:
        return None
    if number is None:
        number = await _buy(services, tenant)
    if number.connection_id is None and number.state == "active":
        async with services.db.tenant(tenant) as tx:
            number = await numbers.bind(tx, number.id, connection.id, _ACTOR)
    bound = number.connection_id == connection.id and number.state == "active"
    return Demo(number.phone_number, connection.name) if bound else None


async def _oldest_number(tx: TenantTx) -> Number | None:
    """The first number that this environment ever had: the demo's own."""
    owned = await numbers.list_numbers(tx, Page(limit=1000), None)
    return owned[-1] if owned else None


async def _connection(tx: TenantTx, services: Services, *, make: bool) -> Connection | None:
    found = await connections.list_connections(tx, Page(limit=1000))
    demo = next((one for one in reversed(found) if one.name == NAME), None)
    if demo is not None or not make:
        return demo
    draft = ConnectionDraft(
        name=NAME,
        instructions=_INSTRUCTIONS,
        call_control=CallControl(transfer=Transfer((_FRIEND,))),
    )
    return await connections.create_connection(tx, draft, _ACTOR, services.secrets)


async def _buy(services: Services, tenant: Tenant) -> Number:
    caller = await _root(services, tenant)
    bought = await services.provisioner.provision(caller, NumberWish(area_code=_AREA_CODE), None)
    if isinstance(bought, Repeated):
        raise DemoNotReady("The demo's number is being ordered already.")
    return bought


async def _root(services: Services, tenant: Tenant) -> Caller:
    """The workspace's own authority: its oldest root key that is still good."""
    async with services.db.tenant(tenant) as tx:
        keys = await identity.root_keys(tx)
    if not keys:
        raise DemoNotReady("The test environment has no root key; make one with `saperly keys create --root`.")
    return Caller(tenant, keys[0].id, (keys[0].id,), keys[0].grant)
