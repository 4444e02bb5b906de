"""`.env.saperly`: the keys of the local server and where it is, for the tools and programs in one folder.

Lines of `NAME=value`, readable by their owner only. Other lines of the file are kept as they are.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = ".env.saperly"
LIVE_KEY, TEST_KEY, BASE_URL, DATA_DIR = "SAPERLY_API_KEY", "SAPERLY_TEST_KEY", "SAPERLY_BASE_URL", "SAPERLY_DATA_DIR"


def find(start: Path | None = None) -> Path | None:
    """The nearest file in `start` (by default here) or a folder above it.

    Only one that belongs to this user: another's, left in a shared folder, could send keys to another's server.
    """
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        path = folder / NAME
        if path.is_file() and _is_ours(path):
            return path
    return None


def _is_ours(path: Path) -> bool:
    return sys.platform == "win32" or path.stat().st_uid == os.geteuid()


def read(path: Path | None) -> dict[str, str]:
    """What the file says; nothing when there is none."""
    if path is None:
        return {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = [line.strip().removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#")]
    return {name.strip(): value.strip().strip("\"'") for name, found, value in pairs if found}


def write(path: Path, values: Mapping[str, str | None]) -> None:
    """Set some values, remove those that are None, keep everything else. Raises OSError."""
    kept = [line for line in _lines(path) if _name(line) not in values]
    fresh = [f"{name}={value}" for name, value in values.items() if value is not None]
    _replace(path, ("\n".join([*kept, *fresh]) + "\n").encode())


@contextmanager
def borrowed(path: Path, data_dir: Path) -> Iterator[None]:
    """Put the file back as it was once the server of `data_dir` is over: a throwaway server leaves nothing behind."""
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    finally:
        if read(path).get(DATA_DIR) == str(data_dir):
            with suppress(OSError):
                _put_back(path, before)


def _put_back(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        _replace(path, content)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return ["# Keys of the local Saperly server. Keep this file out of version control."]


def _name(line: str) -> str:
    return line.strip().removeprefix("export ").partition("=")[0].strip()


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
