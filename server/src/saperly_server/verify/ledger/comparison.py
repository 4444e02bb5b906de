"""What the tables say beside what the reference says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from saperly_server.verify.contracts import Broken

from .books import Books, Entry
from .reading import Reading


def compare(now: Reading, before: Reading, books: Mapping[str, Books], keys: Sequence[str]) -> None:
    """Broken unless the doctor is content, the past is as it was, and everything is as the reference has it.

    `before` is the reading before the last move; `keys` are the keys' ids by their place in the reference.
    """
    if now.findings:
        raise Broken("The doctor found: " + " ".join(": ".join(finding) for finding in now.findings))
    for environment, account in books.items():
        _same_account(now, before, environment, account)
    _same_holds(now, books, keys)
    _same_counters(now, books, keys)


def compare_unchanged(now: Reading, before: Reading) -> None:
    """Broken unless nothing at all about money differs between the two."""
    changed = [
        f"{name}: {getattr(before, name)} became {getattr(now, name)}"
        for name in Reading.__dataclass_fields__
        if getattr(now, name) != getattr(before, name)
    ]
    if changed:
        raise Broken("L-16: what was refused has changed something: " + "; ".join(changed))


def _same_account(now: Reading, before: Reading, environment: str, books: Books) -> None:
    entries, places = now.entries[environment], now.places[environment]
    available, held, seq = now.accounts[environment]
    _equal("available, held, entries", (available, held, seq), (books.available, books.held, len(books.entries)))
    _equal("numbers of the entries", [place for place, _ in places], list(range(1, len(books.entries) + 1)))
    _equal("entries", entries, books.entries)
    _only_added(entries, before.entries[environment])
    _same_sums(now, before, environment)


def _only_added(entries: list[Entry], before: list[Entry]) -> None:
    if entries[: len(before)] != before:
        raise Broken("L-7: what was once read has changed.")


def _same_sums(now: Reading, before: Reading, environment: str) -> None:
    """The line items that were added are the change of the balance, to the cent, and whole numbers."""
    added = now.entries[environment][len(before.entries[environment]) :]
    change = [now.accounts[environment][part] - before.accounts[environment][part] for part in (0, 1)]
    sums = [sum(entry.available for entry in added), sum(entry.held for entry in added)]
    if sums != change or not all(type(entry.available) is type(entry.held) is int for entry in added):
        raise Broken(f"L-12: the {environment} balance changed by {change}, its line items sum to {sums}.")


def _same_holds(now: Reading, books: Mapping[str, Books], keys: Sequence[str]) -> None:
    expected = {
        name: (hold.state, hold.amount, hold.settled, hold.month, None if hold.key is None else keys[hold.key])
        for account in books.values()
        for name, hold in account.holds.items()
    }
    _equal("holds", dict(now.holds), expected)


def _same_counters(now: Reading, books: Mapping[str, Books], keys: Sequence[str]) -> None:
    counted = {
        (keys[key], period): sums for account in books.values() for (key, period), sums in account.counters().items()
    }
    _equal("what counts against the keys", dict(now.spends), counted)


def _equal(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Broken(f"{what}: the tables say {found}; the reference says {expected}.")
