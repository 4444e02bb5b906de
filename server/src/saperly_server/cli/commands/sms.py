"""`saperly sms`: be a person who texts one of your numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from saperly_server.cli.output import for_machine, say, spaced
from saperly_server.cli.server import Api, Server

PERSON = "+12025550143"
From = Annotated[str, typer.Option("--from", help="The person's own number.")]


def sms(
    number: Annotated[str, typer.Argument(help="Your number, the one that is texted.")],
    text: Annotated[str, typer.Argument(help="What the person writes.")],
    from_: From = PERSON,
) -> None:
    """Text one of your numbers as a person would, on the simulated network."""
    Api(Server.find(), test=True).post("/simulator/texts", {"from": from_, "to": number, "body": text})
    if not for_machine():
        say(f"{spaced(from_)} → {spaced(number)}: sent.", f"Answers to it: saperly inbox {from_} --follow")
