"""Texts that came in.

Opt-out, help and opt-in words are the platform's business: they are acted on in the transaction that stores the text,
before anything else can see it, and need neither money nor the customer's servers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from saperly_server import outbox
from saperly_server.audit import record
from saperly_server.compliance import (
    Keyword,
    Meaning,
    classify,
    help_reply,
    imply,
    opt_in,
    opt_in_confirmation,
    opt_out,
    opt_out_confirmation,
    state_of,
)
from saperly_server.core.db import Tenant, Tx
from saperly_server.core.ids import new_id
from saperly_server.identity import workspace_of
from saperly_server.ledger import lock
from saperly_server.numbers import Number, find_by_e164
from saperly_server.outbox import StoredEvent
from saperly_server.webhooks import emit

from .contracts import Status
from .models import messages
from .segments import measure
from .send import SEND

_HELP_EVERY = timedelta(days=1)


async def received(tx: Tx, event: StoredEvent) -> None:
    """Store an inbound text, act on its keyword, and tell the workspace. Nothing for a number that is not ours, and for a
    text that is known under another event."""
    found = await find_by_e164(tx, event.data["to"])
    if found is None:
        return
    tenant, number = found
    peer, body = event.data["from"], event.data["text"]
    await lock(tx, tenant)
    state = await state_of(tx, tenant, number.id, peer)
    keyword = classify(body, opted_out=state == "opted_out")
    message_id = await _store(tx, tenant, number, event)
    if message_id is None:
        return
    await _act(tx, tenant, number, event, keyword, {"messageId": message_id})
    facts = {"meaning": keyword.meaning.value, "saidAt": event.occurred_at.isoformat()}
    await record(tx, tenant, "peer", "message.received", "message", message_id, facts)
    payload = {
        "messageId": message_id,
        "from": peer,
        "to": number.phone_number,
        "body": body,
        "segments": event.data.get("segments") or measure(body).segments,
        "receivedAt": event.occurred_at.isoformat(),
        "keyword": keyword.meaning.value,
    }
    await emit(tx, tenant, "message.received", number.id, payload)


async def _store(tx: Tx, tenant: Tenant, number: Number, event: StoredEvent) -> str | None:
    message_id, body = new_id("msg"), event.data["text"]
    measured = measure(body)
    added = await tx.run(
        insert(messages)
        .values(
            **_identity(tenant, message_id, number),
            direction="inbound",
            from_number=event.data["from"],
            to_number=number.phone_number,
            body=body,
            encoding=measured.encoding,
            segments=event.data.get("segments") or measured.segments,
            status=Status.RECEIVED,
            purpose="customer",
            carrier_message_id=event.message_id,
            inbound_id=event.message_id,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    return message_id if added else None


async def _act(
    tx: Tx, tenant: Tenant, number: Number, event: StoredEvent, keyword: Keyword, evidence: dict[str, Any]
) -> None:
    """The keyword's effect, and at most one reply of ours; none when the carrier has replied already."""
    peer, answered, said_at = event.data["from"], event.data.get("opt_out"), event.occurred_at
    name = (await workspace_of(tx, tenant.workspace_id)).name
    match keyword.meaning:
        case Meaning.OPT_OUT:
            via = "sms_keyword" if keyword.tier == 1 else "sms_phrase"
            if await opt_out(tx, tenant, number.id, peer, via, evidence, said_at) and not answered:
                await _reply(tx, tenant, number, peer, "opt_out", opt_out_confirmation(name))
        case Meaning.OPT_IN:
            if await opt_in(tx, tenant, number.id, peer, "sms_keyword", evidence, said_at) and not answered:
                await _reply(tx, tenant, number, peer, "opt_in", opt_in_confirmation(name))
        case Meaning.HELP:
            if not answered and not await _helped_lately(tx, tenant, number, peer):
                await _reply(tx, tenant, number, peer, "help", help_reply(name, number.phone_number))
        case _:
            await imply(tx, tenant, number.id, peer, "inbound_sms", evidence)


async def _helped_lately(tx: Tx, tenant: Tenant, number: Number, peer: str) -> bool:
    """One HELP reply for each peer and number in a day."""
    count = await tx.scalar(
        select(func.count())
        .select_from(messages)
        .where(
            messages.c.workspace_id == tenant.workspace_id,
            messages.c.number_id == number.id,
            messages.c.to_number == peer,
            messages.c.purpose == "help",
            messages.c.created_at > tx.now - _HELP_EVERY,
        )
    )
    return bool(count)


async def _reply(tx: Tx, tenant: Tenant, number: Number, peer: str, purpose: str, text: str) -> None:
    """One of the platform's own replies: free, ungated, handed to the carrier by the next worker."""
    message_id, measured = new_id("msg"), measure(text)
    await tx.run(
        insert(messages).values(
            **_identity(tenant, message_id, number),
            direction="outbound",
            from_number=number.phone_number,
            to_number=peer,
            body=text,
            encoding=measured.encoding,
            segments=measured.segments,
            status=Status.QUEUED,
            purpose=purpose,
            created_at=tx.now,
        )
    )
    await outbox.request(tx, tenant, SEND, message_id, owner="", lease_sec=0)
    event_type = {"opt_out": "optout.confirmation_sent", "help": "help.replied", "opt_in": "optin.confirmation_sent"}
    await record(tx, tenant, "system", event_type[purpose], "message", message_id, {"to": peer})


def _identity(tenant: Tenant, message_id: str, number: Number) -> dict[str, Any]:
    return {
        "workspace_id": tenant.workspace_id,
        "id": message_id,
        "environment": tenant.environment,
        "number_id": number.id,
    }
