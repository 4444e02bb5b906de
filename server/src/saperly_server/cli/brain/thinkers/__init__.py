"""Brains that are not part of the server: a Python file, a command that reads and writes lines, or a URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saperly_server.cli.exits import Exit, Problem

from .command import CommandThinker
from .contracts import Broken, Directive, Event, Thinker
from .file import FileThinker

__all__ = ["Broken", "Directive", "Event", "Thinker", "chosen"]


def chosen(file: Path | None, command: str | None, url: str | None) -> Callable[[str], Thinker]:
    """What makes the one that was asked for, given the connection's secret. A Problem when it is none, or more than one."""
    if sum(one is not None for one in (file, command, url)) != 1:
        raise Problem(
            "A brain is a file, a command or a URL: exactly one of them.",
            fix="saperly brain FILE.py, or saperly brain --cmd 'node brain.mjs', or saperly brain --url http://…",
            exit_code=Exit.USAGE,
        )
    if file is not None:
        return lambda secret: FileThinker(file)
    if command is not None:
        return lambda secret: CommandThinker(command)
    from .url import UrlThinker

    return lambda secret: UrlThinker(str(url), secret)
