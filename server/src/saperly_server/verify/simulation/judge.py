"""After every step: the tables against the reference and the network's own evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from saperly_carriers.simulated import LogEntry

from saperly_server.verify.contracts import Broken

from .observation import Observation, consent_states, news_of_the_trail
from .stepped import Reader
from .truth import Truth, connected_sec
from .workspace_model import RENT_CENTS, SMS_CENTS, WorkspaceModel, call_hold_is_possible, own

_LOST = ("owner_lost",)
"""Reasons of an end that nobody saw: the call is charged up to the last moment at which somebody did."""


def require(holds: bool, problem: str) -> None:
    if not holds:
        raise Broken(problem)


@dataclass(slots=True)
class Judge:
    """Compares; Broken on the first difference."""

    reader: Reader
    truth: Truth
    workspaces: list[WorkspaceModel]
    seqs: dict[str, int] = field(default_factory=dict)
    clocks_are_right: bool = True

    async def agree(self, seen: Observation) -> None:
        """Everything that must hold at any time."""
        await self._consent(seen)
        self._contacts(self.truth.news(), seen)
        for row in seen.calls.values():
            self._call(row)
        for row in seen.texts.values():
            self._text(row)
        for workspace in self.workspaces:
            self._money(workspace, seen)
            self._requests(workspace, seen)

    # -- money ---------------------------------------------------------------------------------------------

    def _money(self, workspace: WorkspaceModel, seen: Observation) -> None:
        calls, texts, numbers = (own(rows, workspace.id) for rows in (seen.calls, seen.texts, seen.numbers))
        costs = sum(row["cost_cents"] or 0 for row in (*calls, *texts))
        paid = sum(row["paid"] + RENT_CENTS * row["rents"] for row in numbers)
        held = sum(row["held"] for row in (*calls, *texts, *numbers) if row["hold_state"] == "open")
        expected = (workspace.credit - costs - paid - held, held)
        found = seen.money[workspace.id]
        require(
            found == expected, f"{workspace.name} has {found} (available, held), and must have {expected} (L-2, L-4)."
        )
        free = [row for row in numbers if row["state"] != "failed" and row["held"] == 0]
        require(len(free) <= 1, f"{workspace.name} got {len(free)} numbers without paying for their first period.")
        for row in numbers:
            require(row["held"] in (0, RENT_CENTS), f"{row['id']} is held at {row['held']}.")

    def _call(self, row: Any) -> None:
        if row["hold_id"] is None:
            require(row["cost_cents"] == 0, f"{row['id']} was refused, and cost {row['cost_cents']}.")
            return
        rate = row["rate_micros_per_min"] // 1_000_000
        require(call_hold_is_possible(row["held"], rate), f"{row['id']} is held at {row['held']}, {rate} a minute.")
        if row["status"] != "initiated":
            self._ended_call(row, rate)

    def _ended_call(self, row: Any, rate: int) -> None:
        name, lost = f"{row['id']} ({row['status']}, {row['end_reason']})", row["end_reason"] in _LOST
        there = self.truth.call(row["id"], row["carrier_call_id"])
        if there is None:
            require(row["cost_cents"] == 0, f"{name} never reached the network, and cost {row['cost_cents']}.")
            return
        seconds = connected_sec(there)
        if seconds is None:
            require(row["status"] != "completed" or lost, f"{name} was answered by nobody.")
        elif row["status"] == "completed":
            exact = row["duration_sec"] == seconds or (lost and row["duration_sec"] <= seconds)
            require(exact, f"{name} lasted {row['duration_sec']} s; the network measured {seconds} (L-11).")
        else:
            require(lost, f"{name} was answered for {seconds} s at the network.")
        due = min(-(-rate * row["duration_sec"] // 60), row["held"])
        require(
            row["cost_cents"] == due, f"{name} of {row['duration_sec']} s cost {row['cost_cents']}, not {due} (L-11)."
        )

    def _text(self, row: Any) -> None:
        sends = len(self.truth.texts.get(row["body"], ())) if row["purpose"] == "customer" else 0
        if row["direction"] == "inbound" or row["purpose"] != "customer":
            require(not row["cost_cents"], f"{row['id']} is free, and cost {row['cost_cents']}.")
            return
        require(sends <= 1, f"{row['id']} was sent {sends} times (M-2).")
        require(row["held"] == SMS_CENTS * row["segments"], f"{row['id']} is held at {row['held']}.")
        if row["handed_off_at"] is not None:
            require(sends == 1, f"{row['id']} is said to be sent, and was not.")
            require(row["cost_cents"] == row["held"], f"{row['id']} cost {row['cost_cents']} (M-4).")
        elif row["status"] == "failed":
            require(sends == 0, f"{row['id']} is said to have failed, and was sent.")

    # -- requests ------------------------------------------------------------------------------------------

    def _requests(self, workspace: WorkspaceModel, seen: Observation) -> None:
        tables = {"/messages": seen.texts, "/calls": seen.calls, "/numbers": seen.numbers}
        for attempt in workspace.attempts:
            rows = tables[attempt.path]
            for made in attempt.made:
                require(made in rows, f"{made} was acknowledged, and is gone.")
            alive = [made for made in attempt.made if not _failed(rows[made], attempt.path)]
            keyed = attempt.idempotency_key is not None
            require(len(alive) <= (1 if keyed else len(attempt.answers)), f"{attempt.body} made {alive} (I-2).")

    # -- consent -------------------------------------------------------------------------------------------

    async def _consent(self, seen: Observation) -> None:
        by_id = {workspace.id: workspace for workspace in self.workspaces}
        for row in await news_of_the_trail(self.reader, json.dumps(self.seqs)):
            self.seqs[row["workspace_id"]] = row["seq"]
            workspace = by_id[row["workspace_id"]]
            if row["event_type"] == "message.received":
                text = seen.texts[row["target_id"]]
                said_at = datetime.fromisoformat(json.loads(row["data"])["saidAt"])
                workspace.consent.received(text["number_id"], text["from_number"], text["body"], said_at)
            elif row["event_type"] == "call.answered" and seen.calls[row["target_id"]]["direction"] == "inbound":
                call = seen.calls[row["target_id"]]
                workspace.consent.imply(call["number_id"], call["from_number"])
            self._remember(workspace, row)
        await self._compare(seen)

    def _remember(self, workspace: WorkspaceModel, row: Any) -> None:
        peers = {peer for peer, _ in workspace.consent.opted_out} | set(workspace.opt_out_times)
        for peer in peers:
            now = any(who == peer for who, _ in workspace.consent.opted_out)
            times = workspace.opt_out_times.setdefault(peer, [])
            if not times or times[-1][1] != now:
                times.append((row["created_at"], now))

    async def _compare(self, seen: Observation) -> None:
        pairs = [
            {"workspace_id": workspace.id, "number_id": number, "peer": peer}
            for workspace in self.workspaces
            for number, peer in sorted(workspace.consent.known)
        ]
        states = await consent_states(self.reader, json.dumps(pairs))
        for workspace in self.workspaces:
            for number, peer in workspace.consent.known:
                found, expected = states[workspace.id, number, peer], workspace.consent.state(number, peer)
                require(
                    found == expected, f"{workspace.name} may contact {peer}: {found}; the reference: {expected} (S-1)."
                )
            self._replies(workspace, seen)

    def _replies(self, workspace: WorkspaceModel, seen: Observation) -> None:
        replies: dict[tuple[str, str, str], int] = {}
        for row in own(seen.texts, workspace.id):
            if row["purpose"] in ("opt_out", "opt_in"):
                place = (row["number_id"], row["to_number"], row["purpose"])
                replies[place] = replies.get(place, 0) + 1
        owed = workspace.consent.owed
        require(replies == owed, f"{workspace.name} replied {replies}, and owed {owed} (S-4).")

    def _contacts(self, entries: list[LogEntry], seen: Observation) -> None:
        """S-3 by the network's evidence: nobody who had opted out was contacted, but for the platform's own replies."""
        if not self.clocks_are_right:
            return
        free = {row["body"] for row in seen.texts.values() if row["purpose"] != "customer"}
        owners: dict[str, list[Any]] = {}
        for row in seen.numbers.values():
            owners.setdefault(row["e164"], []).append(row["workspace_id"])
        for entry in entries:
            sender = str(entry.data["sender"] if entry.kind == "text" else entry.data["from"])
            if entry.data.get("text") in free or len(set(owners.get(sender, []))) != 1:
                continue
            workspace = next(one for one in self.workspaces if one.id == owners[sender][0])
            peer = str(entry.data["to"])
            require(
                not workspace.was_opted_out(peer, entry.at), f"{peer} had opted out of {workspace.name}: {entry} (S-3)."
            )


def _failed(row: Any, path: str) -> bool:
    if path == "/numbers":
        return bool(row["state"] == "failed")
    return bool(row["status"] == "failed")
