"""The rules of `.importlinter` leave nobody out, and the tree keeps them."""

from __future__ import annotations

import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "src" / "saperly_server"
WITHOUT_A_DOOR = {"api", "cli", "core", "verify"}
"""The surfaces and the command line are entered by `main` only, the proofs by the command line; `core` is a set of modules,
each with its own name."""


def rules() -> ConfigParser:
    found = ConfigParser()
    found.read(ROOT / ".importlinter", "utf-8")
    return found


def features() -> set[str]:
    return {path.parent.name for path in SERVER.glob("*/__init__.py")} - WITHOUT_A_DOOR


def test_the_tree_keeps_the_rules() -> None:
    lint = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"]
    finished = subprocess.run(lint, cwd=ROOT, check=False, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout


def test_every_feature_has_a_door() -> None:
    doors = {section.rpartition("door-")[2] for section in rules().sections() if ":door-" in section}
    assert doors == features()
    for feature in doors:
        contract = rules()[f"importlinter:contract:door-{feature}"]
        assert contract["protected_modules"].split() == [f"saperly_server.{feature}.*"]


def test_no_feature_may_know_of_http_servers() -> None:
    listed = rules()["importlinter:contract:features-without-web"]["source_modules"].split()
    assert set(listed) == {f"saperly_server.{feature}" for feature in (*features(), "core")}


def test_a_new_folder_must_be_given_its_place() -> None:
    for contract in ("layers", "surfaces"):
        assert rules()[f"importlinter:contract:{contract}"]["exhaustive"] == "True"
