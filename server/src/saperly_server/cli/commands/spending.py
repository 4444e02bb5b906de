"""`saperly spending`: workspaces that may not spend, because the server found their books wrong or an operator said so."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.output import AsJson, say, show

app = typer.Typer(help="Stop a workspace's spending, and resume it.", no_args_is_help=True, rich_markup_mode=None)

DataDirOption = Annotated[Path | None, typer.Option(help="The server's data directory.")]
Workspace = Annotated[str, typer.Argument(help="The workspace's id, such as ws_01J….")]


@app.command("list")
def list_(data_dir: DataDirOption = None, as_json: AsJson = False) -> None:
    """Which workspaces are stopped, and since when; why is in the audit trail."""
    from saperly_server.cli.hosting import records

    stopped = [
        {**asdict(one), "stopped_at": one.stopped_at.isoformat()} for one in records.stopped_workspaces(data_dir)
    ]
    show(stopped, as_json, ("workspace_id", "name", "stopped_at"))


@app.command()
def stop(workspace: Workspace, data_dir: DataDirOption = None) -> None:
    """Admit nothing more of a workspace: no call, text or number. What is under way goes on."""
    from saperly_server.cli.hosting import records

    if not records.stop_spending(data_dir, workspace):
        raise Problem(f"{workspace} is stopped already, or does not exist.", exit_code=Exit.NOT_FOUND)
    say(f"{workspace} spends nothing more. saperly spending resume {workspace} lets it again.")


@app.command()
def resume(
    workspace: Workspace,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although its books do not add up.")] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Let a workspace spend again, once its books add up."""
    from saperly_server.cli.hosting import records

    findings = [] if anyway else records.examine_money(data_dir, workspace)
    if findings:
        raise Problem(
            f"The books of {workspace} do not add up: {findings[0].invariant}, {findings[0].row_id}.",
            cause=findings[0].sentence,
            fix="saperly doctor shows everything; --anyway resumes nevertheless",
            exit_code=Exit.FAILED,
        )
    if not records.resume_spending(data_dir, workspace):
        raise Problem(f"{workspace} is not stopped, or does not exist.", exit_code=Exit.NOT_FOUND)
    say(f"{workspace} may spend again.")
