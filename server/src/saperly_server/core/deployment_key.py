"""The deployment's own key, which seals stored secrets: kept in the data directory when the operator gives none."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .data_dir import DataDirNotWritable, ensure_private_dir

KEY_FILE = "secret.key"
_BYTES = 32


class DeploymentKeyDamaged(Exception):
    """The key file is there but holds no key. A new key would make every stored secret unreadable, so none is made."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"The key file {path} does not hold a key.")
        self.path = path
        self.fix = f"Restore {path} from a backup, or set SAPERLY_SECRET_KEY to the key it held."


def deployment_key(data_dir: Path) -> str:
    """The key in `secret.key` of the data directory: 64 hexadecimal digits, made on first use, readable by the owner only.

    Of several processes that make it at once, all get the same. Raises DataDirNotWritable or DeploymentKeyDamaged.
    """
    ensure_private_dir(data_dir)
    path = data_dir / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_text("ascii").strip()
    except UnicodeDecodeError as error:
        raise DeploymentKeyDamaged(path) from error
    except OSError as error:
        raise DataDirNotWritable(data_dir, error.strerror or str(error)) from error
    if len(key) < _BYTES:
        raise DeploymentKeyDamaged(path)
    return key


def _make(path: Path) -> None:
    """Written whole under another name first; linking it into place fails for all but the first to come."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
