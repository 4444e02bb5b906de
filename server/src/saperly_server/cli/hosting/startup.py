"""What every server start has in common: its place, port and database, opened in order and closed in reverse."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saperly_server.cli.exits import Exit, Problem
from saperly_server.core.data_dir import DataDir, DataDirInUse, DataDirNotWritable
from saperly_server.core.settings import Settings

from . import configuration
from .database import Opened, as_problem, open_database, unusable
from .ports import Listening, listen

if TYPE_CHECKING:
    from saperly_server.bootstrap import Home
    from saperly_server.main import Observe, Process


class AlreadyRunning(Exception):
    """Another server uses the data directory; `pid` and `url` are None until it has made them known."""

    def __init__(self, pid: int | None, url: str | None) -> None:
        super().__init__(f"saperly is already running{'' if pid is None else f' (pid {pid})'}")
        self.pid = pid
        self.url = url


@dataclass(frozen=True, slots=True)
class Ground:
    """What a server stands on."""

    settings: Settings
    place: DataDir
    listening: Listening
    database: Opened
    ephemeral: bool

    @property
    def url(self) -> str:
        return configuration.url_of(self.settings.host, self.listening.port)

    def abandon(self) -> None:
        """Leave at once: what must not outlive this process is stopped, the rest is for the next start to pick up."""
        self.database.abandon()
        if self.ephemeral:
            self.place.remove()


@contextmanager
def ground(settings: Settings, *, ephemeral: bool, explicit_port: bool, alone: bool) -> Iterator[Ground]:
    """Open everything below a server. `alone`: nobody else may use the data directory.

    Raises AlreadyRunning or a Problem.
    """
    with ExitStack() as stack:
        place = DataDir.ephemeral() if ephemeral else configuration.data_dir(settings)
        if alone:
            _claim(stack, place)
        listening = listen(settings.host, settings.port, exactly=explicit_port)
        stack.callback(listening.close)
        settings = settings.model_copy(update={"data_dir": place.path, "port": listening.port})
        database = _open_while_importing(settings, durable=not ephemeral)
        stack.callback(database.close)
        yield Ground(settings, place, listening, database, ephemeral)


def _claim(stack: ExitStack, place: DataDir) -> None:
    try:
        stack.enter_context(place)
    except DataDirInUse as other:
        raise AlreadyRunning(other.pid, other.url) from other
    except DataDirNotWritable as error:
        raise as_problem(error) from error


def _open_while_importing(settings: Settings, *, durable: bool) -> Opened:
    """The database starts in a thread while this one imports the server: each takes about as long as the other."""
    outcome: list[Opened | Exception] = []

    def open_it() -> None:
        assert settings.data_dir is not None
        try:
            outcome.append(open_database(settings, settings.data_dir, durable=durable))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=open_it, name="database")
    thread.start()
    try:
        import saperly_server.main  # noqa: F401
    except BaseException:
        thread.join()
        if isinstance(outcome[0], Opened):
            outcome[0].close()
        raise
    thread.join()
    opened = outcome[0]
    if isinstance(opened, Exception):
        raise opened
    return opened


@asynccontextmanager
async def process(on: Ground, observe: Observe | None = None) -> AsyncIterator[Process]:
    """The server on its ground. A Problem when the database, the rates or the deployment's key cannot be used."""
    import asyncpg
    from sqlalchemy.exc import SQLAlchemyError

    from saperly_server.core.deployment_key import DeploymentKeyDamaged
    from saperly_server.ledger import RateFileInvalid
    from saperly_server.main import running

    async with AsyncExitStack() as stack:
        try:
            started = await stack.enter_async_context(running(on.settings, on.database.dsn, observe=observe))
        except RateFileInvalid as error:
            fix = "correct the file that SAPERLY_RATE_FILE names"
            raise Problem(
                "The rate file cannot be used.", cause=str(error), fix=fix, exit_code=Exit.ENVIRONMENT
            ) from error
        except (DataDirNotWritable, DeploymentKeyDamaged) as error:
            raise as_problem(error) from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
            raise unusable(on.database.name, error) from error
        yield started


def workspace_facts(home: Home) -> dict[str, str]:
    """How a workspace is named to programs."""
    return {"workspace": home.workspace.id, "workspaceSlug": home.workspace.slug}
