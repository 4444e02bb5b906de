"""`saperly inbox`: what a person has received."""

from __future__ import annotations

from typing import Annotated

import typer

from saperly_server.cli.output import AsJson, for_machine, show
from saperly_server.cli.server import Api, Server


def inbox(
    number: Annotated[str, typer.Argument(help="The person's number, for example +12025550143.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new texts as they come, until Ctrl+C.")] = False,
    wait: Annotated[int, typer.Option(help="With --follow: end after so many new texts; 0 for never.")] = 0,
    as_json: AsJson = False,
) -> None:
    """The texts that a person received from your numbers since the server started."""
    if follow:
        from saperly_server.cli.phone.mailbox import follow as follow_texts

        follow_texts(Server.find(), number, wait, machine=for_machine(as_json))
    else:
        texts = Api(Server.find(), test=True).get("/simulator/texts", number=number)
        show(texts, as_json, ("receivedAt", "from", "body"))
