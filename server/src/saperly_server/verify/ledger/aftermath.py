"""After a crowd: every answer that was given beside what the tables say."""

from __future__ import annotations

from collections import Counter

from saperly_server.verify.contracts import Broken

from .reading import Reading
from .replay import replay
from .rush import Rush


def judge(rush: Rush, now: Reading, began_with: int, *, given_back: bool) -> None:
    """Broken unless the tables hold exactly what was answered. `given_back`: money or cap came free again on the way."""
    if now.findings:
        raise Broken("The doctor found: " + " ".join(": ".join(finding) for finding in now.findings[:5]))
    place_of = {name: place for place, name in enumerate(rush.home.keys)}
    key_of = {hold: place_of[key] if key is not None else None for hold, (*_, key) in now.holds.items()}
    counted = replay(now.entries["live"], key_of, rush.keys)
    _same_holds(rush, now)
    _same_closes(rush, now)
    _same_sum(rush, now, began_with)
    if not given_back:
        _nobody_in_vain(rush, now, counted)


def _same_holds(rush: Rush, now: Reading) -> None:
    """A hold for each admission, of its size or what it grew to, and none for anybody else."""
    expected = {
        hold: (max(intent.amount_cents, rush.extended.get(hold, 0)), intent.caller.key_id if intent.caller else None)
        for hold, intent in rush.admitted.items()
    }
    found = {hold: (amount, key) for hold, (_, amount, _, _, key) in now.holds.items()}
    if found != expected:
        wrong = sorted(set(found.items()) ^ set(expected.items()))[:5]
        raise Broken(f"{len(found)} holds are kept, {len(expected)} were admitted; such as {wrong}.")


def _same_closes(rush: Rush, now: Reading) -> None:
    """Everybody who closed a hold was told the same, and it is what is kept; the others are open."""
    for hold, (state, amount, settled, *_) in now.holds.items():
        told = {(one.state, one.held_cents, one.settled_cents) for one in rush.closed.get(hold, ())}
        if told != ({(state, amount, settled)} if state != "open" else set()):
            raise Broken(f"L-5: the hold {hold} is {state}, {settled} of {amount} settled; it was told as {told}.")


def _same_sum(rush: Rush, now: Reading, began_with: int) -> None:
    for name, reports in rush.paid.items():
        if sum(moved for _, moved in reports) > 1:
            raise Broken(f"L-9: {name} moved money {sum(moved for _, moved in reports)} times.")
    moved = sum(cents for reports in rush.paid.values() for cents, done in reports if done)
    settled = sum(closes[0].settled_cents for closes in rush.closed.values())
    available, held, _ = now.accounts["live"]
    if available + held != began_with + moved - settled:
        raise Broken(f"L-2: {available} + {held} are left of {began_with} + {moved} - {settled}.")


def _nobody_in_vain(rush: Rush, now: Reading, counted: Counter[int]) -> None:
    """Whoever was refused would still be: nothing came free, so nothing may be left that would have been enough."""
    places = {name: place for place, name in enumerate(rush.home.keys)}
    for intent, tag in rush.refused:
        path = rush.keys[places[intent.caller.key_id]].path if intent.caller else ()
        caps = [(rush.keys[above].cap, counted[above]) for above in path]
        left = min([now.accounts["live"][0], *(cap - spent for cap, spent in caps if cap is not None)])
        if left >= intent.amount_cents:
            raise Broken(f"{intent.amount_cents} cents were refused ({tag}), but {left} are left.")
    if not rush.refused:
        raise Broken("Nobody was refused: this was no crowd.")
