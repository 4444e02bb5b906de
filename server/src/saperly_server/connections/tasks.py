"""What is done to voices in the background, by the jobs process."""

from __future__ import annotations

from sqlalchemy import update

from saperly_server.core.db import Tx

from .models import custom_voices


async def activate_pending(tx: Tx) -> int:
    """Make every uploaded voice active, in all workspaces; how many there were.

    The sample was checked when it was uploaded. The built-in network carries text and not sound: it speaks with any
    voice, so there is nothing to train, and nobody hears the sample. A network that clones voices reports their state
    itself.
    """
    waiting = (custom_voices.c.status == "pending", custom_voices.c.deleted_at.is_(None))
    return await tx.run(update(custom_voices).where(*waiting).values(status="active", updated_at=tx.now))
