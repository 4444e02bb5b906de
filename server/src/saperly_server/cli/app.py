"""`saperly`: every command in one place, and one place where whatever goes wrong becomes a sentence and an exit code."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

import typer

from .commands import (
    audit,
    balance,
    brain,
    call,
    database,
    dev,
    doctor,
    inbox,
    key,
    keys,
    numbers,
    serve,
    sms,
    spending,
    verify,
    version,
)
from .exits import Exit, Problem
from .output import report

_OWN_OPTIONS = ("--help", "-h", "--version", "--install-completion", "--show-completion")

app = typer.Typer(
    name="saperly",
    help="The phone carrier for AI agents. Without a command: saperly dev.",
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for _command in (
    dev.dev,
    serve.serve,
    brain.brain,
    call.call,
    sms.sms,
    inbox.inbox,
    key.key,
    balance.balance,
    doctor.doctor,
    verify.verify,
):
    app.command()(_command)
app.command("version")(version.version)
for _name, _group in (
    ("numbers", numbers.app),
    ("keys", keys.app),
    ("db", database.app),
    ("audit", audit.app),
    ("spending", spending.app),
):
    app.add_typer(_group, name=_name)


@app.callback(invoke_without_command=False)
def _saperly(
    show_version: bool = typer.Option(
        False, "--version", callback=version.shown, is_eager=True, help="Print the version."
    ),
) -> None:
    """The phone carrier for AI agents. Without a command: saperly dev."""


def main() -> None:
    """The console script."""
    _write_everything()
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone; keep the interpreter from complaining about it as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _write_everything() -> None:
    """A terminal that lacks a character shows another; programs get UTF-8, which JSON is."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def run(arguments: Sequence[str]) -> int:
    """Run a command line; the exit code. Nothing but the code and output comes out of here."""
    arguments = with_default_command(arguments)
    command = typer.main.get_command(app)
    try:
        result = command.main(args=list(arguments), prog_name="saperly", standalone_mode=False, obj=tuple(arguments))
        return result if isinstance(result, int) else 0
    except Problem as problem:
        return report(problem)
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return 0
    except Exception as error:
        return report(_as_problem(error))


def with_default_command(arguments: Sequence[str]) -> Sequence[str]:
    """`saperly` is `saperly dev`, and so is `saperly --port 9000`."""
    if not arguments or (arguments[0].startswith("-") and arguments[0].partition("=")[0] not in _OWN_OPTIONS):
        return ("dev", *arguments)
    return arguments


def _as_problem(error: Exception) -> Problem:
    """Wrong usage as the parser tells it; anything else is a mistake of ours, told without its traceback."""
    usage = getattr(error, "format_message", None)
    if usage is not None:
        return Problem(str(usage()), fix="saperly --help lists what there is", exit_code=Exit.USAGE)
    if os.environ.get("SAPERLY_LOG_LEVEL", "").lower() == "debug":
        raise error
    return Problem(
        f"Something unexpected happened: {type(error).__name__}.",
        cause=str(error) or None,
        fix="run it again with SAPERLY_LOG_LEVEL=debug to see where",
    )
