"""`.env.saperly`: found, read, written, put back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from saperly_server.cli import keys_file
from saperly_server.cli.server import DEFAULT_URL, Server


def test_it_is_readable_by_its_owner_only_and_keeps_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / keys_file.NAME
    path.write_text("# mine\nOTHER=1\nSAPERLY_API_KEY=old\n")
    path.chmod(0o644)
    keys_file.write(path, {"SAPERLY_API_KEY": "new", "SAPERLY_BASE_URL": None})
    assert path.read_text() == "# mine\nOTHER=1\nSAPERLY_API_KEY=new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_nearest_one_above_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / keys_file.NAME).write_text("A=1")
    assert keys_file.find(deep) == tmp_path / keys_file.NAME
    (tmp_path / "a" / keys_file.NAME).write_text("A=2")
    assert keys_file.find(deep) == tmp_path / "a" / keys_file.NAME


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_elses_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / keys_file.NAME
    path.write_text("SAPERLY_BASE_URL=http://elsewhere")
    os.chown(path, 65534, 65534)
    found = keys_file.find(tmp_path)
    assert found is None or not found.is_relative_to(tmp_path)


def test_it_is_read_like_a_shell_would(tmp_path: Path) -> None:
    path = tmp_path / keys_file.NAME
    path.write_text("export A=1\n# B=2\nC = 'three'\nnonsense\n")
    assert keys_file.read(path) == {"A": "1", "C": "three"}
    assert keys_file.read(None) == {}


def test_a_throwaway_server_puts_back_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / keys_file.NAME
    path.write_text("SAPERLY_API_KEY=mine\n")
    with keys_file.borrowed(path, Path("/tmp/throwaway")):
        keys_file.write(path, {"SAPERLY_API_KEY": "borrowed", keys_file.DATA_DIR: "/tmp/throwaway"})
    assert path.read_text() == "SAPERLY_API_KEY=mine\n"


def test_a_throwaway_server_leaves_no_file_where_there_was_none(tmp_path: Path) -> None:
    path = tmp_path / keys_file.NAME
    with keys_file.borrowed(path, Path("/tmp/throwaway")):
        keys_file.write(path, {keys_file.DATA_DIR: "/tmp/throwaway"})
    assert not path.exists()


def test_a_file_that_another_server_took_over_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / keys_file.NAME
    with keys_file.borrowed(path, Path("/tmp/throwaway")):
        keys_file.write(path, {keys_file.DATA_DIR: "/tmp/another"})
    assert keys_file.read(path) == {keys_file.DATA_DIR: "/tmp/another"}


def test_variables_win_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keys_file.write(tmp_path / keys_file.NAME, {keys_file.LIVE_KEY: "file", keys_file.TEST_KEY: "test"})
    found = Server.find({keys_file.LIVE_KEY: "variable"})
    assert found == Server(DEFAULT_URL, "variable", "test")


def test_a_test_key_may_stand_where_the_live_key_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Server.find({keys_file.LIVE_KEY: "sk_test_1"}).key(test=True) == "sk_test_1"
