"""Where output goes: data to stdout, talk to stderr; tables for people, JSON for everything else."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from .exits import Exit, Problem

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON. The default when the output is not a terminal.")]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask before something that costs money or cannot be undone.")
]


def for_machine(asked: bool = False) -> bool:
    """Is it a program that reads? Then there is JSON, no colour and never a question."""
    return asked or not sys.stdout.isatty()


def show(value: Any, as_json: bool, table: Sequence[str]) -> None:
    """Print an object, or a list of objects as a table of the columns `table` (dots reach inside)."""
    if for_machine(as_json):
        print(json.dumps(value, ensure_ascii=False, indent=None if isinstance(value, list) else 2))
    elif isinstance(value, list):
        print_table(value, table)
    else:
        width = max(len(name) for name in table)
        for name in table:
            print(f"{name:<{width}}  {cell(value.get(name))}")


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Columns as wide as their widest cell, under their names."""
    if not rows:
        say("Nothing there.")
        return
    cells = [list(columns), *([cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    for row in cells:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def cell(value: Any) -> str:
    """A value as a person reads it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)


def say(*lines: str) -> None:
    """Talk: it goes to stderr and never into a pipe."""
    for line in lines:
        print(line, file=sys.stderr)


def confirm(question: str, yes: bool) -> None:
    """Ask before something that costs money or cannot be undone. Without a terminal, `--yes` is the only answer."""
    if yes:
        return
    if for_machine() or not sys.stdin.isatty():
        raise Problem(f"{question} Nobody can be asked here.", fix="add --yes", exit_code=Exit.USAGE)
    if not typer.confirm(question):
        raise typer.Exit(1)


def dollars(cents: int | None) -> str:
    """`$5.00`."""
    return "-" if cents is None else f"{'-' if cents < 0 else ''}${abs(cents) // 100}.{abs(cents) % 100:02d}"


def spaced(e164: str) -> str:
    """`+1 415 555 0100`; a number of another country as it is."""
    if len(e164) == 12 and e164.startswith("+1"):
        return f"+1 {e164[2:5]} {e164[5:8]} {e164[8:]}"
    return e164


def report(problem: Problem) -> int:
    """Tell a problem on stderr, as text or as one JSON object; gives the exit code."""
    if for_machine():
        print(json.dumps(problem.as_json(), ensure_ascii=False), file=sys.stderr)
    else:
        say(*problem.lines())
    return int(problem.exit_code)
