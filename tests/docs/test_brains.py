"""The brains of the manual-mode guide, put in files and run as it says: each answers a call."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .conftest import Site
from .pages import page

GUIDE = page("docs/guides/manual-mode.md")
SAPERLY = Path(sys.executable).with_name("saperly")
_PATIENCE_SEC = 30


def _environ(site: Site, folder: Path, key: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "SAPERLY_API_KEY": key, "SAPERLY_BASE_URL": site.url}


def _number(site: Site, key: str) -> str:
    bearer = {"Authorization": f"Bearer {key}"}
    bought = httpx.post(f"{site.url}/numbers", json={}, headers=bearer, timeout=_PATIENCE_SEC)
    return str(bought.raise_for_status().json()["phoneNumber"])


@contextmanager
def _thinking(arguments: list[str], environ: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`saperly brain` at work, from the moment at which it is connected."""
    command = [str(SAPERLY), "brain", *arguments]
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "connected" in process.stdout.readline()
            yield process
        finally:
            process.terminate()


def _call(number: str, environ: dict[str, str], *steps: str) -> subprocess.CompletedProcess[str]:
    command = [str(SAPERLY), "call", number, *steps]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_PATIENCE_SEC, check=False)


@pytest.mark.parametrize(
    ("title", "arguments"),
    [
        ("brain.py", ["brain.py"]),
        ("brain.mjs", ["--cmd", "node brain.mjs"]),
        ("brain.sh", ["--cmd", "bash brain.sh"]),
    ],
)
def test_a_five_line_brain_answers_a_call(title: str, arguments: list[str], site: Site, tmp_path: Path) -> None:
    key = site.new_key()
    environ, number = _environ(site, tmp_path, key), _number(site, key)
    (tmp_path / title).write_text(GUIDE.file(title), "utf-8")
    assert len(GUIDE.file(title).splitlines()) <= 7
    with _thinking(arguments, environ, tmp_path):
        said = ["--expect", "This is Acme", "--say", "A table for two", "--expect", "You said: A table for two"]
        done = _call(number, environ, *said)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_a_changed_file_is_read_again_for_the_next_call(site: Site, tmp_path: Path) -> None:
    key = site.new_key()
    environ, number = _environ(site, tmp_path, key), _number(site, key)
    file = tmp_path / "brain.py"
    with _thinking(["brain.py"], environ, tmp_path):
        for greeting in ("Good morning", "Good evening"):
            file.write_text(f"def on_inbound_call(event):\n    return {greeting!r}\n", "utf-8")
            done = _call(number, environ, "--expect", greeting)
            assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_a_file_that_cannot_be_read_apologises_to_the_caller(site: Site, tmp_path: Path) -> None:
    key = site.new_key()
    environ, number = _environ(site, tmp_path, key), _number(site, key)
    (tmp_path / "brain.py").write_text("def on_turn(:\n", "utf-8")
    with _thinking(["brain.py"], environ, tmp_path) as process:
        assert _call(number, environ, "--expect", "something went wrong").returncode == 0
        assert process.stdout is not None
        shown = [process.stdout.readline() for _ in range(2)]
        assert "SyntaxError" in shown[1]
