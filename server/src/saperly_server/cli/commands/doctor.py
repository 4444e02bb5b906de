"""`saperly doctor`: recompute what must always hold, and name the row that breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from saperly_server.cli.exits import Exit
from saperly_server.cli.output import AsJson, for_machine


def doctor(
    data_dir: Annotated[Path | None, typer.Option(help="The server's data directory.")] = None,
    as_json: AsJson = False,
) -> None:
    """Examine the database: balances, holds, caps, calls, messages, the audit trail. Ends with code 1 on any finding."""
    from dataclasses import asdict

    from saperly_server.cli.hosting import records

    findings = records.examine(data_dir)
    if for_machine(as_json):
        print(json.dumps({"ok": not findings, "findings": [asdict(one) for one in findings]}, default=str))
    else:
        for one in findings:
            print(f"✗ {one.invariant}  {one.row_id} of {one.workspace_id}: {one.sentence}")
        print(f"{len(findings)} findings." if findings else "Everything adds up.")
    if findings:
        raise typer.Exit(Exit.FAILED)
