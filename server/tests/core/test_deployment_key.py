"""The deployment's own key in the data directory."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from saperly_server.core.data_dir import DataDirNotWritable
from saperly_server.core.deployment_key import DeploymentKeyDamaged, deployment_key


def test_it_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    key = deployment_key(tmp_path / "data")
    assert len(key) == 64
    assert deployment_key(tmp_path / "data") == key
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]


def test_of_several_that_make_it_at_once_all_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(deployment_key, [tmp_path] * 8))) == 1


def test_a_damaged_one_is_told_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(DeploymentKeyDamaged):
        deployment_key(tmp_path)
    assert (tmp_path / "secret.key").read_text() == ""


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataDirNotWritable):
        deployment_key(Path("/proc/saperly"))
