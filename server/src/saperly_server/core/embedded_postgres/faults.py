"""Why an embedded database did not start, told as one sentence, the cause and a command that helps."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_OWN_DATABASE = "set SAPERLY_DATABASE_URL to a PostgreSQL of your own"
_LOG_PREFIX = re.compile(r"^\d{4}-\d\d-\d\d [\d:.]+ UTC \[\d+\] ")
_TELLING = re.compile(r"\b(FATAL|PANIC|ERROR|error):")
_CAUSE_LINES = 3

STILL_ATTACHED = "pre-existing shared memory block"
"""PostgreSQL's words while the last processes of a killed server are still going away: trying again helps."""


class EmbeddedPostgresFailed(Exception):
    """The embedded database could not be started.

    `sentence` says what did not work, `cause` holds the last telling lines of PostgreSQL or of the system,
    and `fix` is a command, or a short instruction, that helps.
    """

    def __init__(self, sentence: str, cause: str, fix: str) -> None:
        super().__init__(f"{sentence}\n{cause}\nTo fix it: {fix}")
        self.sentence = sentence
        self.cause = cause
        self.fix = fix


def diagnose(output: str, pgdata: Path) -> EmbeddedPostgresFailed:
    """The failure that PostgreSQL's `output` describes, for the cluster in `pgdata`."""
    cause = _cause(output)
    folder = shlex.quote(str(pgdata))
    for pattern, sentence, fix in _KNOWN:
        if re.search(pattern, output):
            return EmbeddedPostgresFailed(sentence, cause, fix.format(folder=folder))
    return EmbeddedPostgresFailed(
        "The embedded database did not start; its files may be damaged.",
        cause,
        f"restore a backup, or set the files aside and start empty: mv {folder} {folder}.broken",
    )


def refused_by_system(error: OSError, pgdata: Path) -> EmbeddedPostgresFailed:
    """The failure for a system call that did not work while the database was prepared."""
    return diagnose(f"error: {error.strerror or error}: {error.filename or ''}".rstrip(": "), pgdata)


def _cause(output: str) -> str:
    """The last lines that name an error, without their timestamps; else simply the last lines."""
    lines = [_LOG_PREFIX.sub("", line).strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    return "\n".join((telling or lines)[-_CAUSE_LINES:]) or "PostgreSQL gave no reason."


_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"No space left on device|[Dd]isk quota exceeded|File too large",
        "There is no room left on the disk for the embedded database.",
        "free some space, then start again: df -h {folder}",
    ),
    (
        r"could not look up effective user ID",
        "The embedded database needs a user account with a name, and this process has none.",
        f"add the user id to /etc/passwd, or {_OWN_DATABASE}",
    ),
    (
        r"Cannot allocate memory|could not create shared memory|could not map anonymous shared memory",
        "There is not enough memory for the embedded database.",
        f"free about 100 MB of memory, or {_OWN_DATABASE}",
    ),
    (
        r"is not compatible with this version|database files are incompatible",
        "The embedded database was made by another version of PostgreSQL.",
        f"use the version of saperly that made {{folder}}, or {_OWN_DATABASE}",
    ),
    (
        r"Permission denied|not permitted|Read-only file system|wrong ownership|invalid permissions",
        "The embedded database may not use its own files.",
        f"chmod 700 {{folder}} as its owner, start with another data directory, or {_OWN_DATABASE}",
    ),
)
