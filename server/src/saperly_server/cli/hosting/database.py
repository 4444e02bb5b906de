"""The database of a command: the one the operator names, or the embedded one of a data directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from saperly_server.cli.exits import Exit, Problem
from saperly_server.core.data_dir import open_private
from saperly_server.core.embedded_postgres import (
    DataDirInUse,
    DataDirNotWritable,
    EmbeddedPostgres,
    EmbeddedPostgresFailed,
)
from saperly_server.core.settings import Settings

from .configuration import existing_data_dir, load

_URL_FILE = "postgres.url"
_BUILT_IN = "built-in PostgreSQL"


@dataclass(frozen=True, slots=True)
class Opened:
    """A database that can be connected to. `name` is for people and holds no password; `new`: it was made just now."""

    dsn: str
    name: str
    new: bool = False
    embedded: EmbeddedPostgres | None = None
    url_file: Path | None = None

    def close(self) -> None:
        """Stop what was started."""
        if self.url_file is not None:
            self.url_file.unlink(missing_ok=True)
        if self.embedded is not None:
            self.embedded.stop()

    def abandon(self) -> None:
        """Stop at once, as a crash would; committed data survive."""
        if self.embedded is not None:
            self.embedded.stop("immediate")


def open_database(settings: Settings, data_dir: Path, *, durable: bool) -> Opened:
    """The operator's database, or the embedded one, started. A Problem when it cannot be."""
    if settings.database_url is not None:
        return Opened(settings.database_url, described(settings.database_url))
    try:
        return _start(data_dir, durable=durable)
    except (DataDirInUse, DataDirNotWritable, EmbeddedPostgresFailed) as error:
        raise as_problem(error) from error


def _start(data_dir: Path, *, durable: bool) -> Opened:
    new = not (data_dir / "postgres").exists()
    embedded = EmbeddedPostgres.start(data_dir, durable=durable)
    _note(data_dir / _URL_FILE, embedded.dsn)
    return Opened(embedded.dsn, _BUILT_IN, new, embedded, data_dir / _URL_FILE)


def _note(path: Path, dsn: str) -> None:
    """Tell commands on this machine where the running database is."""
    with os.fdopen(open_private(path, os.O_WRONLY | os.O_TRUNC), "w") as file:
        file.write(dsn)


@contextmanager
def existing_database(option: Path | None) -> Iterator[Opened]:
    """The database of the server on this machine, whether that runs or not. A Problem when there is none yet."""
    settings = load(data_dir=option)
    if settings.database_url is not None:
        yield Opened(settings.database_url, described(settings.database_url))
        return
    data_dir = existing_data_dir(option)
    if not (data_dir / "postgres").exists():
        raise Problem(
            f"There is no database in {data_dir} yet.",
            fix="start a server once with `saperly dev`, or name its directory with --data-dir",
            exit_code=Exit.ENVIRONMENT,
        )
    opened = _running(data_dir)
    try:
        yield opened
    finally:
        opened.close()


def _running(data_dir: Path) -> Opened:
    """The database of the server that is up, or else started for this command."""
    try:
        return _start(data_dir, durable=True)
    except DataDirInUse as server:
        try:
            return Opened((data_dir / _URL_FILE).read_text("utf-8"), _BUILT_IN)
        except FileNotFoundError:
            raise as_problem(server) from server
    except (DataDirNotWritable, EmbeddedPostgresFailed) as error:
        raise as_problem(error) from error


def described(url: str) -> str:
    """`PostgreSQL at host:5432/name`, without the password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"PostgreSQL at {parts.hostname or 'this machine'}{port}{parts.path}"


def as_problem(error: Exception) -> Problem:
    """Why there is no database or data directory, with its fix."""
    if isinstance(error, EmbeddedPostgresFailed):
        return Problem(error.sentence, cause=error.cause, fix=error.fix, exit_code=Exit.ENVIRONMENT)
    fix = getattr(error, "fix", None)
    return Problem(_sentence(str(error)), fix=fix and fix[0].lower() + fix[1:].rstrip("."), exit_code=Exit.ENVIRONMENT)


def unusable(name: str, error: Exception) -> Problem:
    """A database that was found but cannot be worked with."""
    said = str(error).splitlines()
    return Problem(
        f"The database cannot be used: {name}.",
        cause=said[0] if said else type(error).__name__,
        fix="check SAPERLY_DATABASE_URL, and that its user owns the database and may create roles",
        exit_code=Exit.ENVIRONMENT,
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."
