"""The command line as a whole: what it takes, and how it tells that something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from saperly_server.cli.app import run, with_default_command
from saperly_server.cli.exits import Problem
from saperly_server.cli.output import dollars, spaced
from saperly_server.cli.server import refusal

SAPERLY = Path(sys.executable).with_name("saperly")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["dev"]),
        (["--port", "9000"], ["dev", "--port", "9000"]),
        (["-q"], ["dev", "-q"]),
        (["balance"], ["balance"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
    ],
)
def test_without_a_command_a_development_server_starts(given: list[str], meant: list[str]) -> None:
    assert list(with_default_command(given)) == meant


@pytest.mark.parametrize("wrong", [["nonsense"], ["call"], ["dev", "--port", "70000"], ["numbers", "buy", "--what"]])
def test_wrong_usage_is_one_json_object_and_code_2(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(wrong) == 2
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "usage"
    assert problem["message"]
    assert problem["fix"]


def test_help_is_given_for_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in (
        "dev",
        "serve",
        "call",
        "sms",
        "inbox",
        "key",
        "keys",
        "numbers",
        "balance",
        "db",
        "audit",
        "doctor",
    ):
        assert f"  {command} " in shown
        assert run([command, "--help"]) == 0


def test_a_host_that_others_can_reach_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dev", "--host", "0.0.0.0"]) == 2
    assert "--insecure" in json.loads(capsys.readouterr().err)["fix"]


def test_a_setting_that_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAPERLY_POOL_SIZE", "many")
    assert run(["dev"]) == 2
    assert json.loads(capsys.readouterr().err)["cause"].startswith("SAPERLY_POOL_SIZE: ")


def test_a_data_directory_that_cannot_be_written_is_told_with_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dev", "--port", "0", "--data-dir", "/proc/saperly"]) == 3
    problem = json.loads(capsys.readouterr().err)
    assert problem["message"].startswith("The data directory /proc/saperly cannot be used")
    assert problem["fix"]


def test_commands_on_a_database_that_is_not_there_say_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SAPERLY_DATABASE_URL", raising=False)
    assert run(["doctor", "--data-dir", str(tmp_path / "nothing")]) == 3
    assert json.loads(capsys.readouterr().err)["message"].startswith("There is no database in")
    assert not (tmp_path / "nothing").exists()


def test_without_a_key_the_way_to_one_is_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SAPERLY_API_KEY", "SAPERLY_TEST_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert run(["balance"]) == 4
    assert "keys create --root" in json.loads(capsys.readouterr().err)["fix"]


def test_a_server_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAPERLY_API_KEY", "sk_live_x")
    monkeypatch.setenv("SAPERLY_BASE_URL", "http://localhost:1")
    assert run(["balance"]) == 3
    assert json.loads(capsys.readouterr().err)["message"] == "There is no answer from http://localhost:1."


@pytest.mark.parametrize(
    ("status", "tag", "code"),
    [
        (401, "Unauthorized", 4),
        (403, "AuthorizationDenied", 4),
        (403, "ConsentRequired", 6),
        (402, "SpendLimitExceeded", 6),
        (404, "NumberNotFound", 5),
        (400, "ValidationError", 2),
        (502, "UpstreamError", 7),
    ],
)
def test_a_refusal_of_the_server_has_its_exit_code(status: int, tag: str, code: int) -> None:
    assert refusal(status, {"_tag": tag, "message": "No."}).exit_code == code


def test_an_error_without_a_sentence_is_told_by_its_name_and_facts() -> None:
    assert (
        refusal(404, {"_tag": "NumberNotFound", "numberId": "num_1"}).sentence == "Number not found (numberId num_1)."
    )


def test_a_problem_is_one_sentence_its_cause_and_a_fix() -> None:
    problem = Problem("It broke.", cause="one\ntwo", fix="mend it")
    assert problem.lines() == ["It broke.", "  one", "  two", "  To fix it: mend it"]


def test_money_and_numbers_are_written_for_people() -> None:
    assert [dollars(cents) for cents in (500, 7, -130, None)] == ["$5.00", "$0.07", "-$1.30", "-"]
    assert [spaced(number) for number in ("+14155550100", "+442079460000")] == ["+1 415 555 0100", "+442079460000"]


def test_help_imports_no_server() -> None:
    """It is quick because it leaves out what takes long to import: the web framework, the database, the settings."""
    code = (
        "import sys, contextlib, io\n"
        "from saperly_server.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(['--help'])\n"
        "print(sorted({'fastapi', 'sqlalchemy', 'pydantic', 'asyncpg', 'httpx2', 'rich', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    shown = subprocess.run(
        f"{SAPERLY} --help | head -1", shell=True, capture_output=True, text=True, executable="/bin/bash", check=True
    )
    assert shown.stdout.startswith("Usage: saperly")
    assert shown.stderr == ""
