"""The list of moves read again from its first: what the balance and every cap were after each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from saperly_server.verify.contracts import Broken

from .books import Entry, Key


def replay(entries: Sequence[Entry], key_of: Mapping[str, int | None], keys: Sequence[Key]) -> Counter[int]:
    """What counts against each key at the end. Broken when at any place the balance is not what the entry says, is below
    zero, or a cap is passed.

    `key_of` names the key that made a hold. All holds are of one month.
    """
    available = held = 0
    counted: Counter[int] = Counter()
    for place, entry in enumerate(entries, 1):
        available, held = available + entry.available, held + entry.held
        if (available, held) != (entry.available_after, entry.held_after) or min(available, held) < 0:
            raise Broken(f"L-3: at {place} the balance is available {available}, held {held}; the entry is {entry}.")
        key = key_of[entry.hold] if entry.hold is not None else None
        for above in keys[key].path if key is not None else ():
            counted[above] -= entry.available
            cap = keys[above].cap
            if cap is not None and counted[above] > cap:
                raise Broken(f"L-8: at {place} key {above} has spent {counted[above]} of at most {cap}.")
    return counted
