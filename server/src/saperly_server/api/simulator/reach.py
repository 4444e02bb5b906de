"""What a test key reaches from outside, and what it may know about the calls and texts there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from saperly_carriers.simulated import PartyLeg, ReceivedText

from saperly_server import numbers, outbox
from saperly_server.api.services import Services
from saperly_server.core.db import Tenant
from saperly_server.voice import Call, LiveCall

_SETTLED_WITHIN_SEC = 5.0


@dataclass(frozen=True, slots=True)
class Reach:
    """The view of one workspace's developer."""

    services: Services
    workspace_id: str

    async def tenant_at(self, e164: str) -> Tenant | None:
        """Whose number of the platform this is; None for one that simulated traffic may not reach."""
        async with self.services.db.system() as tx:
            found = await numbers.find_by_e164(tx, e164)
        if found is None:
            return None
        tenant = found[0]
        return tenant if self.services.settings.development or tenant.environment == "test" else None

    async def is_own(self, e164: str) -> bool:
        """Is it a number of the developer's own workspace?"""
        tenant = await self.tenant_at(e164)
        return tenant is not None and tenant.workspace_id == self.workspace_id

    async def own_texts(self, texts: tuple[ReceivedText, ...]) -> list[ReceivedText]:
        """Those that the developer's own numbers sent: another workspace's texts are none of their business."""
        own = {sender: await self.is_own(sender) for sender in {text.sender for text in texts}}
        return [text for text in texts if own[text.sender]]

    def own_call(self, leg: PartyLeg) -> LiveCall | None:
        """The platform's side of a call, where it is the developer's own and lives in this process."""
        call = self.services.calls.live.at_carrier(leg.call_id)
        return call if call is not None and call.facts.tenant.workspace_id == self.workspace_id else None

    async def settled(self, call: LiveCall) -> Call | None:
        """The call once it is over and paid; None when that takes too long."""
        over = asyncio.ensure_future(call.ended.wait())
        done = await outbox.wait_at_most(self.services.clock, over, _SETTLED_WITHIN_SEC)
        over.cancel()
        return await self.services.calls.get(call.facts.tenant, call.facts.call_id) if done else None
