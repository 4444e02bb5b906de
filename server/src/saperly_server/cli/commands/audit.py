"""`saperly audit`: is the trail as it was written?"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from saperly_server.cli.exits import Exit
from saperly_server.cli.output import AsJson, for_machine

app = typer.Typer(help="The audit trail.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _audit() -> None:
    """The audit trail: append-only, each row chained to the one before by its hash."""


@app.command()
def verify(
    data_dir: Annotated[Path | None, typer.Option(help="The server's data directory.")] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the chain of every workspace. Ends with code 1 and the first row that does not fit."""
    from saperly_server.cli.hosting import records

    reports = records.verify_trails(data_dir)
    broken = [report for report in reports if report.problem is not None]
    if for_machine(as_json):
        print(json.dumps({"ok": not broken, "workspaces": [asdict(report) for report in reports]}))
    else:
        for report in reports:
            state = "holds" if report.problem is None else f"is broken at row {report.broken_at}: {report.problem}"
            print(f"{report.workspace_id}: the trail {state}; {report.verified} rows verified")
    if broken:
        raise typer.Exit(Exit.FAILED)
