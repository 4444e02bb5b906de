"""What other features and surfaces see of identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from saperly_server.core.db import Tenant

from .errors import AuthorizationDenied
from .scopes import Scope

Environment = Literal["live", "test"]
ResetPeriod = Literal["monthly"]


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """A cap in cents: over a UTC month, or (`reset` None) over the key's life."""

    amount_cents: int
    reset: ResetPeriod | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key may do, with which numbers (None: all), for how much (None: uncapped), until when (None: for ever)."""

    scopes: frozenset[Scope]
    numbers: frozenset[str] | None = None
    limit: SpendLimit | None = None
    expires_at: datetime | None = None

    def within(self, ceiling: Grant) -> str | None:
        """None when this grant asks for nothing the ceiling lacks; otherwise the sentence that says what is too much."""
        if self.scopes - ceiling.scopes:
            missing = ", ".join(sorted(self.scopes - ceiling.scopes))
            return f"The minting key does not hold {missing}."
        if ceiling.numbers is not None and (self.numbers is None or self.numbers - ceiling.numbers):
            return "The child's numbers must be among the numbers of the minting key."
        if ceiling.limit is not None and not _cap_within(self.limit, ceiling.limit):
            return "The child's spend limit must not exceed the minting key's own."
        if ceiling.expires_at is not None and (self.expires_at is None or self.expires_at > ceiling.expires_at):
            return "The child must not outlive the minting key."
        return None


def _cap_within(child: SpendLimit | None, parent: SpendLimit) -> bool:
    """A monthly cap can spend without end over time, so it is within a monthly parent only; a lifetime cap in either."""
    if child is None or child.amount_cents > parent.amount_cents:
        return False
    return child.reset is None or parent.reset is not None


def effective(chain: Sequence[Grant]) -> Grant:
    """A key's grant (the last of the chain) cut by all its ancestors'.

    Caps are not cut here: the ledger checks every key of the path by itself.
    """
    own = chain[-1]
    lists = [grant.numbers for grant in chain if grant.numbers is not None]
    ends = [grant.expires_at for grant in chain if grant.expires_at is not None]
    return Grant(
        scopes=frozenset.intersection(*(grant.scopes for grant in chain)),
        numbers=frozenset.intersection(*lists) if lists else None,
        limit=own.limit,
        expires_at=min(ends, default=None),
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: an API key with its effective grant, which is its own cut by every ancestor's."""

    tenant: Tenant
    key_id: str
    path: tuple[str, ...]
    grant: Grant

    @property
    def actor(self) -> str:
        """How the audit trail names the caller."""
        return f"key:{self.key_id}"

    def holds(self, *scopes: Scope) -> bool:
        """True when at least one of the scopes is held."""
        return any(scope in self.grant.scopes for scope in scopes)

    def require(self, *scopes: Scope) -> None:
        """AuthorizationDenied unless one of the scopes is held."""
        if not self.holds(*scopes):
            raise AuthorizationDenied(f"This key does not hold the scope {scopes[0]}.")

    def may_use(self, number_id: str) -> bool:
        """Does the key's allow-list admit the number?"""
        return self.grant.numbers is None or number_id in self.grant.numbers

    def require_number(self, number_id: str) -> None:
        """AuthorizationDenied unless the key's allow-list admits the number."""
        if not self.may_use(number_id):
            raise AuthorizationDenied("This key may not use that number.")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is listed: never with its secret."""

    id: str
    environment: str
    name: str
    prefix: str
    grant: Grant
    minted_by: str | None
    spent_cents: int
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key with its plaintext, which exists in this one answer only."""

    key: ApiKey
    plaintext: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. `destinations` are the countries (ISO 3166-1 alpha-2) it may call and text."""

    id: str
    slug: str
    name: str
    destinations: frozenset[str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoppedWorkspace:
    """A tenant that may not spend until an operator resumes it."""

    workspace_id: str
    name: str
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a workspace."""

    id: str
    name: str
    email: str
    image: str | None
    role: str
    system_role: str
