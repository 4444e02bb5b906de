"""Settings of a command: the environment's, overruled by options; and the data directory they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from saperly_server.cli import keys_file
from saperly_server.cli.exits import Exit, Problem
from saperly_server.core.data_dir import DataDir
from saperly_server.core.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def load(**options: Any) -> Settings:
    """The settings; an option that is None was not given. A Problem names each setting that is wrong."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as invalid:
        wrong = [f"SAPERLY_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in invalid.errors()]
        raise Problem(
            "A setting cannot be used.", cause="\n".join(wrong), fix="correct it, or unset it", exit_code=Exit.USAGE
        ) from None


def data_dir(settings: Settings) -> DataDir:
    """Where a server of these settings keeps its data."""
    return DataDir(settings.data_dir) if settings.data_dir is not None else DataDir.default()


def existing_data_dir(option: Path | None) -> Path:
    """The data directory of the server on this machine: named by an option, a variable, the keys file, or the usual one."""
    settings = load(data_dir=option)
    if settings.data_dir is None:
        saved = keys_file.read(keys_file.find()).get(keys_file.DATA_DIR)
        if saved is not None and Path(saved).is_dir():
            return Path(saved)
    return data_dir(settings).path


def check_host(host: str, *, insecure: bool) -> None:
    """A development server lets its test key play anybody's telephone, so only this machine may reach it."""
    if host not in LOOPBACK and not insecure:
        raise Problem(
            f"A development server listens on this machine only, not on {host}.",
            fix="leave --host out; or add --insecure, if everybody who can reach this machine may use it",
            exit_code=Exit.USAGE,
        )


def url_of(host: str, port: int) -> str:
    """The address that people are told."""
    name = "localhost" if host in LOOPBACK or host in ("0.0.0.0", "::") else host  # noqa: S104  only compared
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
