"""Commands that work on the database itself, whether its server runs or not. Reaching the database is their credential."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from saperly_carriers.clock import SystemClock
from sqlalchemy.exc import SQLAlchemyError

from saperly_server import audit, bootstrap, doctor, identity, migrations
from saperly_server.audit import ChainReport
from saperly_server.bootstrap import RootKeys
from saperly_server.cli.exits import Exit, Problem
from saperly_server.core.db import Database, Tx
from saperly_server.doctor import Finding
from saperly_server.identity import StoppedWorkspace

from .database import Opened, existing_database, unusable

T = TypeVar("T")


def mint_root_keys(data_dir: Path | None, name: str) -> RootKeys:
    """New root keys of the first workspace. A Problem when there is none yet."""

    async def work(tx: Tx) -> RootKeys:
        workspace = await identity.first_workspace(tx)
        if workspace is None:
            raise Problem(
                "There is no workspace yet.",
                fix="start the server once; the first start makes one",
                exit_code=Exit.NOT_FOUND,
            )
        return await bootstrap.mint_root_keys(tx, workspace.id, name, "operator")

    return _in_transaction(data_dir, work)


def examine(data_dir: Path | None) -> list[Finding]:
    """Every row that breaks an invariant."""
    return _in_transaction(data_dir, doctor.examine)


def examine_money(data_dir: Path | None, workspace_id: str) -> list[Finding]:
    """Every row of one workspace that breaks an invariant about money."""
    return _in_transaction(data_dir, lambda tx: doctor.examine_money(tx, workspace_id))


def stopped_workspaces(data_dir: Path | None) -> list[StoppedWorkspace]:
    """Workspaces that may not spend."""
    return _in_transaction(data_dir, identity.stopped_workspaces)


def stop_spending(data_dir: Path | None, workspace_id: str) -> bool:
    """False when it is stopped already, or does not exist."""
    return _in_transaction(data_dir, lambda tx: identity.stop_spending(tx, workspace_id, "operator", {}))


def resume_spending(data_dir: Path | None, workspace_id: str) -> bool:
    """False when it was not stopped, or does not exist."""
    return _in_transaction(data_dir, lambda tx: identity.resume_spending(tx, workspace_id, "operator"))


def verify_trails(data_dir: Path | None) -> list[ChainReport]:
    """The audit chain of every workspace."""

    async def work(tx: Tx) -> list[ChainReport]:
        return [await audit.verify(tx, workspace_id) for workspace_id in await identity.workspace_ids(tx)]

    return _in_transaction(data_dir, work)


def migrate(data_dir: Path | None) -> tuple[str | None, str | None]:
    """The revisions before and after."""

    async def work(dsn: str) -> tuple[str | None, str | None]:
        before = await migrations.current_revision(dsn)
        await migrations.migrate(dsn)
        return before, await migrations.current_revision(dsn)

    return _on_database(data_dir, lambda opened: work(opened.dsn))


def offline_sql() -> str:
    return migrations.offline_sql()


def status(data_dir: Path | None) -> dict[str, str | None]:
    """Which database, which PostgreSQL, at which revision, how large."""

    async def work(opened: Opened) -> dict[str, str | None]:
        conn = await asyncpg.connect(opened.dsn)
        try:
            version = await conn.fetchval("show server_version")
            size = await conn.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
        finally:
            await conn.close()
        revision, newest = await migrations.current_revision(opened.dsn), migrations.head_revision()
        return {"database": opened.name, "version": version, "revision": revision, "newest": newest, "size": size}

    return _on_database(data_dir, work)


def query(data_dir: Path | None, statement: str, *, write: bool) -> list[dict[str, Any]]:
    """The rows of one statement, as the owner of the tables; read-only unless `write`."""

    async def work(opened: Opened) -> list[dict[str, Any]]:
        conn = await asyncpg.connect(opened.dsn)
        try:
            async with conn.transaction(readonly=not write):
                return [_row(row) for row in await conn.fetch(statement)]
        except asyncpg.PostgresError as refused:
            raise Problem(f"The statement was refused: {refused}.", exit_code=Exit.FAILED) from refused
        finally:
            await conn.close()

    return _on_database(data_dir, work)


def _row(row: asyncpg.Record) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}


def _in_transaction(data_dir: Path | None, work: Callable[[Tx], Awaitable[T]]) -> T:
    async def run(opened: Opened) -> T:
        db = Database(opened.dsn, SystemClock(), pool_size=2)
        try:
            async with db.system() as tx:
                return await work(tx)
        finally:
            await db.close()

    return _on_database(data_dir, run)


def _on_database(data_dir: Path | None, work: Callable[[Opened], Awaitable[T]]) -> T:
    async def run(opened: Opened) -> T:
        try:
            return await work(opened)
        except (OSError, asyncpg.PostgresError, SQLAlchemyError) as error:
            raise unusable(opened.name, error) from error

    with existing_database(data_dir) as opened:
        return asyncio.run(run(opened))
