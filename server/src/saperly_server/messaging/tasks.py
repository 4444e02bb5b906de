"""Messages whose hand-off was left undone: by a crash, by a carrier that asked to wait, or written to be sent later."""

from __future__ import annotations

from saperly_carriers.port import Sender

from saperly_server.outbox import Operation

from .errors import MessageSendFailed
from .queries import message_row
from .send import Messaging, Outgoing, is_withdrawn


async def carry_out(messaging: Messaging, operation: Operation) -> None:
    """Hand a message off; one whose peer has opted out since it was admitted only if the carrier has it already."""
    async with messaging.db.system() as tx:
        row = await message_row(tx, operation.tenant, operation.resource_id)
        withdrawn = await is_withdrawn(tx, operation.tenant, row)
    outgoing = Outgoing(Sender(row.from_number, row.sender_id), row.to_number, row.body, row.segments)
    try:
        if withdrawn:
            await messaging.withdraw(operation, outgoing, "recipient_opted_out")
        else:
            await messaging.hand_off(operation, outgoing)
    except MessageSendFailed:
        return  # recorded: nobody waits for this answer any more
