"""What the surfaces work with, built by `main` and handed to the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Database
from saperly_server.core.egress import Egress
from saperly_server.core.rate_limit import RateLimiter
from saperly_server.core.settings import Settings
from saperly_server.gate import Gate
from saperly_server.identity import KeyRing
from saperly_server.ledger import RateCard

if TYPE_CHECKING:
    from saperly_carriers.clock import Clock

    from saperly_server.messaging import Messaging
    from saperly_server.network import Intake
    from saperly_server.numbers import NumberReader, Provisioner
    from saperly_server.voice import Desk, Switchboard


@dataclass(frozen=True, slots=True)
class Services:
    """One of each, for the life of the process."""

    settings: Settings
    clock: Clock
    db: Database
    secrets: SecretBox
    rates: RateCard
    limiter: RateLimiter
    keys: KeyRing
    gate: Gate
    numbers: NumberReader
    provisioner: Provisioner
    messaging: Messaging
    calls: Switchboard
    desk: Desk
    egress: Egress
    intake: Intake

    async def close(self) -> None:
        """Give back the connections to the outside and to the database."""
        await self.egress.close()
        await self.db.close()


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that a request or socket came to."""
    services: Services = connection.app.state.services
    return services
