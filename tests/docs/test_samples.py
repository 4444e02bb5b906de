"""Every runnable sample runs: the blocks of a page in their order, as one program, against a server of this version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Site
from .pages import ROOT, Page, guides

_DOCUMENTED = "localhost:8787"
_PATIENCE_SEC = 30
_TESTED_ELSEWHERE = ROOT / "docs" / "samples"
_PAGES = [one for one in guides() if _TESTED_ELSEWHERE not in one.path.parents]


def _with(language: str) -> list[Page]:
    return [one for one in _PAGES if one.samples(language)]


@pytest.mark.parametrize("one", _with("python"), ids=lambda one: one.name)
def test_the_python_samples_of_a_page_run(one: Page, site: Site, tmp_path: Path) -> None:
    program = tmp_path / "sample.py"
    program.write_text("\n".join(one.samples("python")).replace(_DOCUMENTED, _host(site)), "utf-8")
    _run([sys.executable, "-W", "error", str(program)], site, tmp_path)


@pytest.mark.parametrize("one", _with("bash"), ids=lambda one: one.name)
def test_the_shell_samples_of_a_page_run(one: Page, site: Site, tmp_path: Path) -> None:
    script = "\n".join(one.samples("bash")).replace(_DOCUMENTED, _host(site))
    _run(["bash", "-euo", "pipefail", "-c", script], site, tmp_path)


def _host(site: Site) -> str:
    return site.url.removeprefix("http://")


def _run(command: list[str], site: Site, folder: Path) -> None:
    """As a reader would run it: with a key of their own and this version's commands at hand."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {"PATH": path, "HOME": str(folder), "SAPERLY_API_KEY": site.new_key()}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=_PATIENCE_SEC, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
