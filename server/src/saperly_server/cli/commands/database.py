"""`saperly db`: the database's schema, and a look inside."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.output import AsJson, for_machine, print_table, say, show

app = typer.Typer(help="The database: migrate, status, SQL.", no_args_is_help=True, rich_markup_mode=None)

DataDirOption = Annotated[Path | None, typer.Option(help="The server's data directory.")]


@app.command()
def migrate(
    data_dir: DataDirOption = None,
    offline: Annotated[bool, typer.Option("--sql", help="Only print the SQL, to be applied by hand.")] = False,
) -> None:
    """Bring the database to this version's schema. Every start does so, too."""
    from saperly_server.cli.hosting import records

    if offline:
        print(records.offline_sql())
        return
    before, after = records.migrate(data_dir)
    say(
        f"The database is at {after}." if before == after else f"The database went from {before or 'empty'} to {after}."
    )


@app.command()
def status(data_dir: DataDirOption = None, as_json: AsJson = False) -> None:
    """Which database, which version, which schema, how large."""
    from saperly_server.cli.hosting import records

    show(records.status(data_dir), as_json, ("database", "version", "revision", "newest", "size"))


@app.command()
def sql(
    statement: Annotated[str | None, typer.Argument(help="One statement; without it, standard input is read.")] = None,
    data_dir: DataDirOption = None,
    write: Annotated[
        bool, typer.Option("--write", help="Allow it to change data. You are past every safeguard.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a statement, read-only unless --write, and print its rows."""
    from saperly_server.cli.hosting import records

    text = statement if statement is not None else sys.stdin.read()
    if not text.strip():
        raise Problem("There is no statement to run.", fix='saperly db sql "select …"', exit_code=Exit.USAGE)
    rows = records.query(data_dir, text, write=write)
    if for_machine(as_json):
        print(json.dumps(rows, default=str, ensure_ascii=False))
    else:
        print_table(rows, list(rows[0]) if rows else ())
