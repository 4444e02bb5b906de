"""Bringing a database up to date.

Three steps under one advisory lock, so that servers starting at once wait for each other: the Alembic revisions; every
feature's `functions.sql`, which always describes the present; the roles, grants and row-level security of `access.py`.
The last two run only when their text changed, known by a digest stored in the database.
"""

from __future__ import annotations

import hashlib
import re
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from saperly_server.core.db import create_engine

from .access import access_sql

_PACKAGE = Path(__file__).parent.parent
_LOCK = 7_305_217_300_001
_FUNCTION = re.compile(r"create or replace function (\w+)")


def _config(**attributes: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PACKAGE / "migrations").replace("%", "%%"))
    config.attributes.update(attributes)
    return config


def functions_sql() -> str:
    """Every feature's SQL functions, in one script."""
    return "\n".join(path.read_text("utf-8") for path in sorted(_PACKAGE.glob("*/functions.sql")))


def head_revision() -> str | None:
    """The newest revision this version of the server knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _present_sql() -> str:
    return "set local check_function_bodies = off;\n" + functions_sql() + "\n" + access_sql()


def _migrate(conn: Connection) -> None:
    conn.execute(text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
    conn.commit()
    try:
        command.upgrade(_config(connection=conn), "head")
        conn.commit()
        _apply_present(conn)
        conn.commit()
    finally:
        conn.rollback()
        conn.execute(text("select pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        conn.commit()


def _apply_present(conn: Connection) -> None:
    script = _present_sql()
    digest = hashlib.sha256(script.encode()).hexdigest()
    conn.execute(text("create table if not exists schema_present (digest text primary key)"))
    if conn.execute(text("select digest from schema_present")).scalar() == digest:
        return
    _execute_script(conn, script)
    conn.execute(text("delete from schema_present"))
    conn.execute(text("insert into schema_present values (:digest)"), {"digest": digest})


def _execute_script(conn: Connection, script: str) -> None:
    """Run many statements at once: the driver's own `execute` takes a script when it has no parameters."""
    proxied = conn.connection.dbapi_connection
    assert proxied is not None
    proxied.run_async(lambda driver: driver.execute(script))


async def migrate(dsn: str) -> None:
    """Bring the database at `dsn` to this version's schema. Safe to run at every start and from several servers."""
    engine = create_engine(dsn, pool_size=1)
    try:
        async with engine.connect() as conn:
            await conn.run_sync(_migrate)
    finally:
        await engine.dispose()


def _downgrade(conn: Connection, revision: str) -> None:
    for name in sorted(set(_FUNCTION.findall(_present_sql()))):
        conn.execute(text(f"drop function if exists {name} cascade"))
    conn.execute(text("delete from schema_present"))
    command.downgrade(_config(connection=conn), revision)
    conn.commit()


async def downgrade(dsn: str, revision: str) -> None:
    """Take the schema back to a revision (`base`: no tables at all), with the rows that only later ones can hold.

    The functions and rules always describe the present: they are dropped, and come back with the next `migrate`.
    """
    engine = create_engine(dsn, pool_size=1)
    try:
        async with engine.connect() as conn:
            await conn.run_sync(_downgrade, revision)
    finally:
        await engine.dispose()


async def current_revision(dsn: str) -> str | None:
    """The revision the database is at; None for an empty one."""
    engine = create_engine(dsn, pool_size=1)
    try:
        async with engine.connect() as conn:
            found = await conn.execute(text("select to_regclass('alembic_version')"))
            if found.scalar() is None:
                return None
            return (await conn.execute(text("select version_num from alembic_version"))).scalar()
    finally:
        await engine.dispose()


def offline_sql() -> str:
    """The whole schema as one SQL script, for operators who apply changes by hand."""
    out = StringIO()
    config = _config()
    config.output_buffer = out
    command.upgrade(config, "head", sql=True)
    return f"{out.getvalue()}\n{_present_sql()}"
