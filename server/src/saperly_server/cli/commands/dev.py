"""`saperly dev`, which is also `saperly` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def dev(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="8787, or the next free one; 0 takes any.")] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on: this machine only, unless --insecure.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where the database and local secrets live.")] = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Begin empty and leave nothing behind.")] = False,
    no_open: Annotated[
        bool,
        typer.Option("--no-open", help="Open no browser. There is no page to open yet, so nothing is opened anyway."),
    ] = False,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Without the demo receptionist and its number.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line on stdout; logs on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the address and nothing else.")] = False,
    insecure: Annotated[bool, typer.Option("--insecure", help="Let --host name more than this machine.")] = False,
) -> None:
    """Start everything on this machine: database, simulated telephone network, API, a demo receptionist."""
    from saperly_server.cli.hosting import development

    wish = development.Wish(
        port=port,
        host=host,
        data_dir=data_dir,
        ephemeral=ephemeral,
        demo=not no_demo,
        as_json=as_json,
        quiet=quiet,
        insecure=insecure,
    )
    raise typer.Exit(development.host(wish))
