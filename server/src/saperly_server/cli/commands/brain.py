"""`saperly brain`: be the brain of a line, with a file, a command or a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from saperly_server.cli.output import AsJson, for_machine, say
from saperly_server.cli.server import Api, Server, Test


def brain(
    file: Annotated[Path | None, typer.Argument(help="A Python file with on_inbound_call, on_turn, …")] = None,
    cmd: Annotated[str | None, typer.Option(help="A command: an event in JSON on each line in, an answer out.")] = None,
    url: Annotated[str | None, typer.Option(help="A URL that is asked with one signed POST for each event.")] = None,
    number: Annotated[
        str | None, typer.Option(help="Bind this number. Default: the only one that nobody answers.")
    ] = None,
    connection: Annotated[
        str | None, typer.Option(help="A connection's id. Default: one named `saperly brain`.")
    ] = None,
    test: Test = False,
    as_json: AsJson = False,
) -> None:
    """Answer calls with your own code. A changed file is read again for the next turn."""
    from saperly_server.cli.brain.running import run
    from saperly_server.cli.brain.thinkers import chosen
    from saperly_server.cli.brain.wiring import wire

    server, make = Server.find(), chosen(file, cmd, url)
    wired = wire(Api(server, test=test), number, connection)
    if wired.number is None:
        say("No number leads here yet: name one with --number, or buy one: saperly numbers buy")
    else:
        say(f"{wired.number} is answered by your code. Try it: saperly call {wired.number}")
    run(server, wired, make, machine=for_machine(as_json))
