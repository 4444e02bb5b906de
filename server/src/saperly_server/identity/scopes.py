"""The vocabulary of permissions: fine scopes, the three coarse words that stand for sets of them, and members' roles."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """What a key may do. One word for each kind of action."""

    CALLS_CREATE = "calls:create"
    CALLS_CONTROL = "calls:control"
    MESSAGES_CREATE = "messages:create"
    NUMBERS_READ = "numbers:read"
    NUMBERS_PROVISION = "numbers:provision"
    NUMBERS_RELEASE = "numbers:release"
    NUMBERS_WRITE = "numbers:write"
    CONNECTIONS_READ = "connections:read"
    CONNECTIONS_WRITE = "connections:write"
    CONSENT_WRITE = "consent:write"
    WEBHOOKS_WRITE = "webhooks:write"
    BILLING_READ = "billing:read"
    KEYS_ADMIN = "keys:admin"
    READ = "read"


ALL: frozenset[Scope] = frozenset(Scope)
_READS = frozenset({Scope.READ, Scope.NUMBERS_READ, Scope.CONNECTIONS_READ, Scope.BILLING_READ})
_WRITES = ALL - _READS - {Scope.KEYS_ADMIN}

COARSE: dict[str, frozenset[Scope]] = {"read": _READS, "write": _WRITES, "admin": ALL}
"""`admin` implies the other two; `write` does not imply `read`."""

ROLES: dict[str, frozenset[Scope]] = {
    "owner": ALL,
    "admin": ALL,
    "member": frozenset(
        {
            Scope.CALLS_CREATE,
            Scope.CALLS_CONTROL,
            Scope.MESSAGES_CREATE,
            Scope.NUMBERS_READ,
            Scope.CONNECTIONS_READ,
            Scope.CONSENT_WRITE,
            Scope.BILLING_READ,
            Scope.READ,
        }
    ),
}
"""What a person may do in a workspace, by role. A member cannot buy or release numbers or administer keys."""


def expand(words: Iterable[str], *, coarse: bool) -> frozenset[Scope]:
    """Fine scopes of a list that may mix both vocabularies.

    `read` is a word of both. In the flat (coarse) form it stands for every read; in the grant form it is the single
    baseline scope, unless another coarse word beside it shows that the coarse vocabulary is meant.
    ValueError names the first unknown word.
    """
    listed = list(words)
    coarse = coarse or any(word in ("write", "admin") for word in listed)
    found: set[Scope] = set()
    for word in listed:
        if word in COARSE and (coarse or word != Scope.READ):
            found |= COARSE[word]
        elif word in Scope.__members__.values():
            found.add(Scope(word))
        else:
            raise ValueError(word)
    return frozenset(found)


def summarise(scopes: frozenset[Scope]) -> list[str]:
    """The coarse words that describe a set of fine scopes: `admin` mints keys, `write` changes things, `read` reads."""
    words = []
    if scopes & _READS:
        words.append("read")
    if scopes & _WRITES:
        words.append("write")
    if Scope.KEYS_ADMIN in scopes:
        words.append("admin")
    return words
