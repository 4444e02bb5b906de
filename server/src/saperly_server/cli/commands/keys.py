"""`saperly keys`: API keys below the one in use, and new root keys for whoever is at the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from saperly_server.cli import keys_file
from saperly_server.cli.output import AsJson, Yes, confirm, dollars, for_machine, say, show
from saperly_server.cli.server import Api, Server, Test

app = typer.Typer(help="API keys: make, list, revoke, try.", no_args_is_help=True, rich_markup_mode=None)

_COLUMNS = ("id", "name", "prefix", "scopes", "spendLimitCents", "spentThisPeriodCents", "lastUsedAt", "revokedAt")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")] = "saperly keys create",
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; repeat it. Default: read and write.")] = None,
    number: Annotated[list[str] | None, typer.Option(help="Only with this number id; repeat it.")] = None,
    cap_cents: Annotated[int | None, typer.Option(min=1, help="The most it may spend, in cents.")] = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="The cap is for each month.")] = False,
    root: Annotated[bool, typer.Option("--root", help="New root keys, through the database on this machine.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="With --root: the server's data directory.")] = None,
    test: Test = False,
    as_json: AsJson = False,
) -> None:
    """Make a key below the one in use. Its plaintext is shown this once."""
    if root:
        _create_root(name, data_dir, as_json)
        return
    body = {
        "name": name,
        "scopes": scope or ["read", "write"],
        "numberScope": number,
        "spendLimitCents": cap_cents,
        "spendLimitResetPeriod": "monthly" if monthly and cap_cents else None,
    }
    made = Api(Server.find(), test=test).post(
        "/api-tokens", {key: part for key, part in body.items() if part is not None}
    )
    if for_machine(as_json):
        show(made, as_json, ())
    else:
        print(made["key"])
        say(f"{made['name']} ({made['id']}). This is the only time the key is shown.")


def _create_root(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Root keys have no parent, so no key can ask for them: the way to the database is the credential."""
    from saperly_server.cli.hosting import records

    made = records.mint_root_keys(data_dir, name)
    path = Path.cwd() / keys_file.NAME
    saved = not path.exists()
    if saved:
        keys_file.write(path, {keys_file.LIVE_KEY: made.live, keys_file.TEST_KEY: made.test})
    if for_machine(as_json):
        print(json.dumps({"liveKey": made.live, "testKey": made.test, "keysFile": str(path) if saved else None}))
        return
    print(f"live  {made.live}\ntest  {made.test}")
    say(f"Saved to {path}." if saved else f"{path} is there already and was left as it is.")


@app.command("list")
def list_(test: Test = False, as_json: AsJson = False) -> None:
    """The key in use and the keys below it."""
    show(Api(Server.find(), test=test).everything("/api-tokens"), as_json, _COLUMNS)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, from `saperly keys list`.")],
    test: Test = False,
    yes: Yes = False,
) -> None:
    """Revoke a key and every key below it, at once and for good."""
    confirm(f"Revoke {key_id} and every key below it?", yes)
    Api(Server.find(), test=test).post(f"/api-tokens/{key_id}/revoke")
    say(f"{key_id} is revoked.")


@app.command("test")
def try_(
    secret: Annotated[str | None, typer.Argument(help="The key to try; by default the one in use.")] = None,
    as_json: AsJson = False,
) -> None:
    """Is a key good, and what may it do?"""
    server = Server.find()
    if secret is not None:
        server = Server(server.base_url, secret, secret)
    usage = _tried(server)
    if for_machine(as_json):
        print(json.dumps(usage))
    else:
        balance = f", {dollars(usage['balanceCents'])} available" if usage["balanceCents"] is not None else ""
        print(f"The key is good ({usage['environment']}{balance}).")


def _tried(server: Server) -> dict[str, Any]:
    """Any good key may list calls; what it may know of money is asked for separately."""
    from saperly_server.cli.exits import Exit, Problem

    api = Api(server)
    api.get("/calls", limit=1)
    try:
        balance = api.get("/usage")["balanceCents"]
    except Problem as refused:
        if refused.exit_code is not Exit.AUTH:
            raise
        balance = None
    environment = "test" if "_test_" in server.key(test=False) else "live"
    return {"valid": True, "environment": environment, "balanceCents": balance}
