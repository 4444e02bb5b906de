"""The data directory: where it is, who may read it, and that one server at a time uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from saperly_server.core.data_dir import LOCK_FILE, DataDir, DataDirInUse, DataDirNotWritable

URL = "http://localhost:8787"
SERVER = """
import sys
from pathlib import Path
from saperly_server.core.data_dir import DataDir
directory = DataDir(Path(sys.argv[1]))
directory.acquire()
if sys.argv[2]:
    directory.publish(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""
EPHEMERAL = """
from saperly_server.core.data_dir import DataDir
directory = DataDir.ephemeral()
directory.acquire()
print(directory.path)
"""


@contextmanager
def server_using(path: Path, url: str = URL) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the directory until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(path), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield server
        server.kill()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_default_is_in_the_users_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert DataDir.default({}).path == Path("/somewhere/.local/share/saperly/dev")


def test_the_default_follows_xdg_data_home() -> None:
    assert DataDir.default({"XDG_DATA_HOME": "/xdg"}).path == Path("/xdg/saperly/dev")


@pytest.mark.parametrize("value", ["", "relative/dir"])
def test_an_xdg_data_home_that_is_not_absolute_is_ignored(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert DataDir.default({"XDG_DATA_HOME": value}).path == Path("/somewhere/.local/share/saperly/dev")


def test_a_new_directory_and_its_lock_are_private(tmp_path: Path) -> None:
    with DataDir(tmp_path / "a" / "b") as directory:
        assert mode(directory.path) == 0o700
        assert mode(directory.path / LOCK_FILE) == 0o600


def test_the_mode_of_a_directory_that_was_there_before_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with DataDir(tmp_path):
        assert mode(tmp_path) == 0o755


def test_the_lock_file_says_who_runs_where_since_when(tmp_path: Path) -> None:
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with DataDir(tmp_path, now=lambda: started) as directory:
        directory.publish(URL)
        said = json.loads((tmp_path / LOCK_FILE).read_text())
    assert said == {"pid": os.getpid(), "url": URL, "startedAt": "2026-01-02T03:04:05+00:00"}


def test_a_second_start_learns_the_process_and_url_of_the_first(tmp_path: Path) -> None:
    with server_using(tmp_path) as server, pytest.raises(DataDirInUse) as refusal:
        DataDir(tmp_path).acquire()
    assert (refusal.value.pid, refusal.value.url) == (server.pid, URL)
    assert str(refusal.value) == f"saperly is already running (pid {server.pid}) at {URL}"


def test_a_second_start_is_refused_before_the_first_has_a_url(tmp_path: Path) -> None:
    with server_using(tmp_path, url="") as server, pytest.raises(DataDirInUse) as refusal:
        DataDir(tmp_path).acquire()
    assert (refusal.value.pid, refusal.value.url) == (server.pid, None)


def test_two_users_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with DataDir(tmp_path), pytest.raises(DataDirInUse) as refusal:
        DataDir(tmp_path).acquire()
    assert refusal.value.pid == os.getpid()


def test_a_directory_is_free_again_after_its_user_was_killed(tmp_path: Path) -> None:
    with server_using(tmp_path) as server:
        server.send_signal(signal.SIGKILL)
        server.wait()
        assert str(server.pid) in (tmp_path / LOCK_FILE).read_text()
        with DataDir(tmp_path):
            assert json.loads((tmp_path / LOCK_FILE).read_text())["pid"] == os.getpid()


def test_a_directory_is_free_again_after_release(tmp_path: Path) -> None:
    for _ in range(2):
        with DataDir(tmp_path):
            pass
    assert (tmp_path / LOCK_FILE).read_text() == ""


def test_a_long_url_is_replaced_by_a_short_one(tmp_path: Path) -> None:
    with DataDir(tmp_path) as directory:
        directory.publish("http://a-much-longer-host-name.example:8787")
        directory.publish(URL)
        assert json.loads((tmp_path / LOCK_FILE).read_text())["url"] == URL


def test_a_directory_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirNotWritable, match="Not a directory") as refusal:
        DataDir(tmp_path / "file" / "data").acquire()
    assert refusal.value.path == tmp_path / "file" / "data"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_write_permission_is_named_with_the_reason(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataDirNotWritable, match="Permission denied"):
        DataDir(tmp_path).acquire()


def test_a_lock_file_is_not_opened_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / LOCK_FILE).symlink_to(victim)
    with pytest.raises(DataDirNotWritable):
        DataDir(tmp_path).acquire()
    assert victim.read_text() == "precious"


def test_an_ephemeral_directory_is_gone_when_the_context_is_left() -> None:
    with DataDir.ephemeral() as directory:
        (directory.path / "sub").mkdir()
        assert mode(directory.path) == 0o700
    assert not directory.path.exists()


def test_an_ephemeral_directory_is_gone_when_its_process_has_ended() -> None:
    ended = subprocess.run([sys.executable, "-c", EPHEMERAL], capture_output=True, text=True, check=True)
    path = Path(ended.stdout.strip())
    assert path.name.startswith("saperly-")
    assert not path.exists()
