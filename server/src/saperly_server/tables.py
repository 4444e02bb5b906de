"""Every feature's tables, gathered for the migrations."""

from .audit import models as audit
from .compliance import models as compliance
from .connections import models as connections
from .core.db import metadata
from .idempotency import models as idempotency
from .identity import models as identity
from .ledger import models as ledger
from .messaging import models as messaging
from .numbers import models as numbers
from .outbox import models as outbox
from .voice import models as voice
from .webhooks import models as webhooks

__all__ = [
    "audit",
    "compliance",
    "connections",
    "idempotency",
    "identity",
    "ledger",
    "messaging",
    "metadata",
    "numbers",
    "outbox",
    "voice",
    "webhooks",
]
