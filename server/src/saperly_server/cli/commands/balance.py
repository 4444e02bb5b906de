"""`saperly balance`."""

from __future__ import annotations

from saperly_server.cli.output import AsJson, dollars, for_machine, show
from saperly_server.cli.server import Api, Server, Test


def balance(test: Test = False, as_json: AsJson = False) -> None:
    """What is left to spend, and what was used."""
    usage = Api(Server.find(), test=test).get("/usage")
    if for_machine(as_json):
        show(usage, as_json, ())
        return
    calls, messages = usage["calls"], usage["messages"]
    print(f"{dollars(usage['balanceCents'])} available ({'test' if test else 'live'})")
    print(f"{calls['count']} calls, {calls['totalDurationSec']} s, {dollars(calls['totalCostCents'])}")
    print(f"{messages['count']} messages")
