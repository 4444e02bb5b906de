"""The reference for answers: what a request may be answered with, from what is known before it is sent."""

from __future__ import annotations

from saperly_carriers.simulated.magic import MAGIC_PREFIX, magic_of
from saperly_carriers.simulated.segments import segments

from .observation import Observation
from .workspace_model import (
    CALL_CENTS_PER_MIN,
    FIRST_HOLD_SEC,
    RENT_CENTS,
    SMS_CENTS,
    Attempt,
    WorkspaceModel,
    own,
    spent_by,
)

SUCCESS = "201"
_SUPPORTED = "+1"


def predict(workspace: WorkspaceModel, attempt: Attempt, seen: Observation) -> set[str]:
    """`201`, or the tags of the errors that are right."""
    if attempt.key.revoked:
        return {"Unauthorized"}
    if attempt.path == "/numbers":
        return _purchase(workspace, attempt, seen)
    number = seen.numbers[attempt.body["fromNumberId"]]
    if number["state"] != "active":
        return {"NumberNotFound"}
    if attempt.path == "/calls" and number["connection_id"] is None:
        return {"NumberHasNoConnection"}
    return _peer(workspace, attempt) or _money(workspace, attempt, seen) or _network(attempt)


def _peer(workspace: WorkspaceModel, attempt: Attempt) -> set[str]:
    to = attempt.body["to"]
    if not to.startswith(_SUPPORTED):
        return {"DestinationNotSupported"}
    state = workspace.consent.state(attempt.body["fromNumberId"], to)
    return {"opted_out": {"RecipientOptedOut"}, "none": {"ConsentRequired"}}.get(state, set())


def _money(workspace: WorkspaceModel, attempt: Attempt, seen: Observation) -> set[str]:
    price = price_of(workspace, attempt, seen)
    if attempt.key.cap is not None and spent_by(attempt.key, seen.calls, seen.texts) + price > attempt.key.cap:
        return {"SpendLimitExceeded"}
    return {"InsufficientFunds"} if seen.money[workspace.id][0] < price else set()


def price_of(workspace: WorkspaceModel, attempt: Attempt, seen: Observation) -> int:
    """What has to be held for it, in cents."""
    if attempt.path == "/messages":
        return SMS_CENTS * segments(attempt.body["body"])
    mode = workspace.connections[seen.numbers[attempt.body["fromNumberId"]]["connection_id"]]
    return CALL_CENTS_PER_MIN[mode] * FIRST_HOLD_SEC // 60


def _network(attempt: Attempt) -> set[str]:
    to = attempt.body["to"]
    magic = magic_of(to) if to.startswith(MAGIC_PREFIX) else None
    if magic is None:
        return {SUCCESS}
    failed = "MessageSendFailed" if attempt.path == "/messages" else "CallStartFailed"
    refusal = magic.text.refusal if attempt.path == "/messages" else magic.call_refusal
    return {failed} if refusal is not None or magic.faults.fail_always else {SUCCESS}


def _purchase(workspace: WorkspaceModel, attempt: Attempt, seen: Observation) -> set[str]:
    code = attempt.body.get("areaCode")
    if code == "533":
        return {"NoNumbersAvailable"}
    free = not any(row["held"] == 0 and row["state"] != "failed" for row in own(seen.numbers, workspace.id))
    if not free and seen.money[workspace.id][0] < RENT_CENTS:
        return {"InsufficientFunds"}
    return {"566": {"UpstreamError"}, "577": {"NoNumbersAvailable"}}.get(code or "", {SUCCESS})
