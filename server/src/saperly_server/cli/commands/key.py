"""`saperly key`: the key in use, for scripts: `$(saperly key)`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from saperly_server.cli.server import Server, Test


def key(
    show: Annotated[bool, typer.Option("--show", help="Print it in full on a terminal, too.")] = False,
    test: Test = False,
) -> None:
    """Print the API key in use: in full into a pipe, shortened on a terminal."""
    secret = Server.find().key(test=test)
    shortened = sys.stdout.isatty() and not show
    print(f"{secret[: secret.rfind('_') + 5]}…   (in full: saperly key --show)" if shortened else secret)
