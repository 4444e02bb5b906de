"""The steps of a trial: what customers, people and operators do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from saperly_carriers.simulated import NotInService, parse_script

from saperly_server import ledger

from .consent_model import KEYWORDS
from .judge import require
from .workspace_model import Attempt, Key, WorkspaceModel, own
from .world import World

Move = Callable[[World], Awaitable[None]]
_AREA_CODES = ("415", "415", "415", "212", "544", "533", "566", "577")
_ORDINARY = ("Hello", "What are your hours?", "yes", "Thanks 🙂")
_KEPT = timedelta(hours=20)


def _workspace(world: World) -> WorkspaceModel:
    return world.rng.choice(world.workspaces)


def _number(world: World, workspace: WorkspaceModel, *, usable: float = 0.95) -> Any | None:
    rows = [row for row in own(world.seen.numbers, workspace.id) if row["state"] in ("active", "releasing", "released")]
    active = [row for row in rows if row["state"] == "active"]
    pool = active if active and world.rng.random() < usable else rows
    return world.rng.choice(pool) if pool else None


def _somebody(world: World, workspace: WorkspaceModel, number: Any) -> str:
    """Mostly somebody who may be contacted."""
    willing = [peer for peer in world.peers if workspace.consent.state(number["id"], peer) not in ("none", "opted_out")]
    return world.rng.choice(willing if willing and world.rng.random() < 0.8 else world.peers)


def _attempt(world: World, workspace: WorkspaceModel, path: str, body: dict[str, Any]) -> Attempt:
    key = world.rng.choice(workspace.keys) if path != "/numbers" else workspace.root
    name = f"key-{world.mark()}" if world.rng.random() < 0.6 else None
    made = Attempt(path, body, key, name, world.theatre.clock.now())
    workspace.attempts.append(made)
    return made


async def furnish(world: World) -> None:
    """Every workspace begins with a number that somebody answers, and a few people who want to hear from it."""
    for workspace in world.workspaces:
        attempt = Attempt("/numbers", {"areaCode": "415"}, workspace.root, None, world.theatre.clock.now())
        workspace.attempts.append(attempt)
        await world.attempt(workspace, attempt)
        await _connect(world, workspace, _number(world, workspace))
        await world.check()
    for _ in range(world.rng.randint(2, 6)):
        await grant_consent(world)
        await world.check()


async def buy_number(world: World) -> None:
    workspace = _workspace(world)
    attempt = _attempt(world, workspace, "/numbers", {"areaCode": world.rng.choice(_AREA_CODES)})
    await world.attempt(workspace, attempt)


async def release_number(world: World) -> None:
    workspace = _workspace(world)
    number = _number(world, workspace)
    if number is None or len(own(world.seen.numbers, workspace.id)) < 2:
        return
    answer = await world.ask(workspace.root, lambda client: client.post(f"/numbers/{number['id']}/release"))
    world.tell(f"{workspace.name}: release {number['e164']} → {answer}")
    require(answer is None or answer.status == 200 or world.disturbed, f"a release was answered with {answer}")


async def connect(world: World) -> None:
    """A connection, and a number bound to it."""
    workspace = _workspace(world)
    number = _number(world, workspace, usable=1)
    if number is not None and number["state"] == "active":
        await _connect(world, workspace, number)


async def _connect(world: World, workspace: WorkspaceModel, number: Any) -> None:
    mode = world.rng.choice(("hosted", "hosted", "manual"))
    made = await world.ask(workspace.root, lambda client: client.post("/connections", {"name": mode, "mode": mode}))
    if made is None or made.status != 201:
        require(made is None or world.disturbed, f"a connection was answered with {made}")
        return
    workspace.connections[made.body["id"]] = mode
    bind = {"connectionId": made.body["id"]}
    answer = await world.ask(workspace.root, lambda client: client.post(f"/numbers/{number['id']}/connection", bind))
    world.tell(f"{workspace.name}: {number['e164']} is answered by {mode} → {answer}")
    require(answer is None or answer.status == 200 or world.disturbed, f"a binding was answered with {answer}")


async def grant_consent(world: World) -> None:
    workspace, peer = _workspace(world), world.rng.choice(world.peers)
    number, kind = _number(world, workspace, usable=1), world.rng.choice(("explicit_outbound", "implied_inbound"))
    if number is None or number["state"] != "active":
        return
    body = {"numberId": number["id"], "peerNumber": peer, "consentType": kind, "source": "verify"}
    allowed = workspace.consent.can_grant(peer, kind)
    answer = await world.ask(workspace.root, lambda client: client.post("/consent", body))
    world.tell(f"{workspace.name}: {peer} consents ({kind}) to {number['e164']} → {answer}")
    if answer is not None and answer.status == 201:
        require(allowed, f"{peer} had opted out of {workspace.name}, and consent was recorded for them (S-1)")
    elif not world.disturbed and answer is not None:
        require(not allowed and answer.tag == "RecipientOptedOut", f"a consent was answered with {answer}")
    if allowed and await _took_place(world, workspace, number["id"], peer, kind, answer):
        workspace.consent.grant(number["id"], peer, kind)


async def _took_place(world: World, workspace: WorkspaceModel, number: str, peer: str, kind: str, answer: Any) -> bool:
    """Did a grant or a revocation (`opted_out`) happen? Where the answer does not say so, the tables do."""
    if answer is not None and answer.status in (200, 201):
        return True
    if answer is not None and answer.status < 500:
        return False
    state = await world.reader.value("select compliance_state($1, 'live', $2, $3)", workspace.id, number, peer)
    before = workspace.consent.state(number, peer)
    return bool(state != before and state == kind)


async def revoke_consent(world: World) -> None:
    workspace, peer = _workspace(world), world.rng.choice(world.peers)
    number = _number(world, workspace, usable=1)
    if number is None:
        return
    body = {"numberId": number["id"], "peerNumber": peer}
    answer = await world.ask(workspace.root, lambda client: client.post("/consent/revoke", body))
    world.tell(f"{workspace.name}: consent of {peer} is revoked → {answer}")
    require(answer is None or answer.status == 200 or world.disturbed, f"a revocation was answered with {answer}")
    if await _revoked(world, workspace, peer, answer):
        workspace.consent.revoke(number["id"], peer)


async def _revoked(world: World, workspace: WorkspaceModel, peer: str, answer: Any) -> bool:
    if answer is not None and answer.status == 200:
        return True
    query = "select count(*) from suppressions where workspace_id = $1 and peer_number = $2 and origin = 'workspace'"
    active = await world.reader.value(f"{query} and lifted_at is null", workspace.id, peer)
    return bool(active) and (peer, "workspace") not in workspace.consent.opted_out


async def send_text(world: World) -> None:
    workspace = _workspace(world)
    number = _number(world, workspace)
    if number is None:
        return
    to = _somebody(world, workspace, number)
    words = f"{world.mark()} " + world.rng.choice(("Hi", "Hi " * 90, "Déjà vu 🙂"))
    await world.attempt(
        workspace, _attempt(world, workspace, "/messages", {"fromNumberId": number["id"], "to": to, "body": words})
    )


async def receive_text(world: World) -> None:
    workspace = _workspace(world)
    number, peer = _number(world, workspace, usable=1), world.rng.choice(world.peers)
    words = world.rng.choice(KEYWORDS if world.rng.random() < 0.4 else _ORDINARY)
    if number is None:
        return
    try:
        world.network.send_text(peer, number["e164"], words)
        world.tell(f"{peer} texts {number['e164']} of {workspace.name}: {words!r}")
    except NotInService:
        world.tell(f"{peer} texts {number['e164']}, which is not in service")
    except ValueError:
        return


async def place_call(world: World) -> None:
    workspace = _workspace(world)
    number = _number(world, workspace)
    if number is None:
        return
    to = _somebody(world, workspace, number)
    if to.startswith("+1646"):
        world.network.add_party(to, parse_script(_script(world), "peer"))
    body = {"fromNumberId": number["id"], "to": to, "instructions": world.mark()}
    await world.attempt(workspace, _attempt(world, workspace, "/calls", body))


async def receive_call(world: World) -> None:
    workspace = _workspace(world)
    number, peer = _number(world, workspace, usable=1), world.rng.choice(world.peers)
    if number is None or not peer.startswith("+1646"):
        return
    world.network.place_scripted_call(
        peer, number["e164"], parse_script({**_script(world), "on_call": "answer"}, "caller")
    )
    world.tell(f"{peer} calls {number['e164']} of {workspace.name}")


def _script(world: World) -> dict[str, Any]:
    rng = world.rng
    talk = [{"say": rng.choice(("What time do you open?", "I would like an appointment.", "Hello?"))}]
    steps = [*(talk * rng.randint(0, 2)), {"pause": round(rng.uniform(0.5, 40), 1)}, "hang_up"]
    on_call = rng.choice(("answer", "answer", "answer", "busy", "no_answer", "reject"))
    return {"name": "peer", "on_call": on_call, "answer_after_sec": round(rng.uniform(0, 8), 1), "steps": steps}


async def end_call(world: World) -> None:
    live = [row for row in world.seen.calls.values() if row["status"] == "initiated"]
    if not live:
        return
    call = world.rng.choice(live)
    workspace = next(one for one in world.workspaces if one.id == call["workspace_id"])
    answer = await world.ask(workspace.root, lambda client: client.post(f"/calls/{call['id']}/end"))
    world.tell(f"{workspace.name}: end {call['id']} → {answer}")
    require(answer is None or answer.status == 200 or world.disturbed, f"an end was answered with {answer}")


async def mint_key(world: World) -> None:
    workspace, cap = _workspace(world), world.rng.choice((4, 60, 300))
    grant = {"scopes": ["messages:create", "calls:create", "calls:control"], "spendLimit": {"amountCents": cap}}
    answer = await world.ask(
        workspace.root, lambda client: client.post("/api-tokens", {"name": "agent", "grant": grant})
    )
    world.tell(f"{workspace.name}: a key that may spend {cap} → {answer}")
    if answer is not None and answer.status == 201:
        workspace.keys.append(Key(answer.body["id"], answer.body["key"], cap))
    else:
        require(answer is None or world.disturbed, f"a key was answered with {answer}")


async def revoke_key(world: World) -> None:
    workspace = _workspace(world)
    alive = [key for key in workspace.keys[1:] if not key.revoked]
    if not alive:
        return
    key = world.rng.choice(alive)
    answer = await world.ask(workspace.root, lambda client: client.post(f"/api-tokens/{key.id}/revoke"))
    world.tell(f"{workspace.name}: revoke a key → {answer}")
    query = "select revoked_at is not null from api_keys where workspace_id = $1 and id = $2"
    key.revoked = bool(await world.reader.value(query, workspace.id, key.id))
    require(key.revoked or answer is None or world.disturbed, f"a revocation was answered with {answer}")


async def pay(world: World) -> None:
    """Money comes in; the payment provider says so twice."""
    workspace = _workspace(world)
    workspace.payments += 1
    cents, payment = world.rng.choice((50, 500, 2_000)), f"{workspace.name}-{workspace.payments}"
    for server in world.rng.sample(world.living, min(2, len(world.living))) * 2:
        await world.theatre.run(server.do(ledger.top_up, workspace.customer.tenant, cents, payment))
    query = "select count(*) from ledger_entries where workspace_id = $1 and cause = $2"
    times = await world.reader.value(query, workspace.id, f"payment:{payment}")
    require(times <= 1, f"the payment {payment} moved money {times} times (L-9)")
    workspace.credit += cents * times
    world.tell(f"{workspace.name}: {cents} cents are paid ({times})")


async def repeat_request(world: World) -> None:
    """The same request again, with the same Idempotency-Key; or another one with it."""
    now = world.theatre.clock.now()
    kept = [
        (workspace, attempt)
        for workspace in world.workspaces
        for attempt in workspace.attempts
        if attempt.idempotency_key is not None and now - attempt.at < _KEPT
    ]
    if not kept:
        return
    workspace, attempt = world.rng.choice(kept)
    first = attempt.first_success
    if first is None:
        await _try_again(world, workspace, attempt)
        return
    outcome = await world.attempt(workspace, attempt, {"Unauthorized"} if attempt.key.revoked else {"201"})
    again = attempt.answers[-1]
    if outcome == "201" and again is not None:
        require(
            again.raw == first.raw, f"{attempt.body} was answered with {first.raw!r}, then with {again.raw!r} (I-1)"
        )


async def _try_again(world: World, workspace: WorkspaceModel, attempt: Attempt) -> None:
    from .predictions import predict

    anything = {"201", "IdempotencyConflict", "MessageSendFailed", "CallStartFailed", "UpstreamError"}
    expected = predict(workspace, attempt, world.seen)
    await world.attempt(
        workspace, attempt, expected | anything if attempt.made or None in attempt.answers else expected
    )


async def wait(world: World) -> None:
    """Seconds, or, while nothing is under way, days."""
    busy = world.network.exchange.live_calls() or any(row["status"] == "initiated" for row in world.seen.calls.values())
    if busy or world.rng.random() < 0.8:
        seconds = world.rng.choice((0.3, 1, 3, 8, 20))
        world.tell(f"{seconds} s pass")
        await world.pass_time(seconds, every_sec=world.rng.choice((1, 3, 5)))
    else:
        hours = world.rng.choice((1, 30, 24 * 31))
        world.tell(f"{hours} h pass")
        await world.pass_time(hours * 3600, every_sec=hours * 900)


MOVES: tuple[tuple[Move, int], ...] = (
    (buy_number, 8),
    (release_number, 2),
    (connect, 7),
    (grant_consent, 12),
    (revoke_consent, 3),
    (send_text, 18),
    (receive_text, 12),
    (place_call, 16),
    (receive_call, 8),
    (end_call, 4),
    (mint_key, 2),
    (revoke_key, 1),
    (pay, 3),
    (repeat_request, 8),
    (wait, 20),
)
