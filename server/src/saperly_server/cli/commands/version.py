"""`saperly version`."""

from __future__ import annotations

import json

import typer

from saperly_server.cli.output import AsJson, for_machine


def version(as_json: AsJson = False) -> None:
    """Print the version."""
    print(json.dumps({"version": installed()}) if for_machine(as_json) else f"saperly {installed()}")


def shown(wanted: bool) -> None:
    if wanted:
        print(f"saperly {installed()}")
        raise typer.Exit


def installed() -> str:
    """The installed server's version."""
    from importlib.metadata import version as installed_version

    return installed_version("saperly-server")
