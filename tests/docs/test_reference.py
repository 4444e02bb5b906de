"""What the server can be told, can say and can write is in the reference pages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import typer
from saperly_carriers.simulated.magic import MAGIC
from saperly_server.cli.app import app
from saperly_server.core.errors import SaperlyError, all_errors
from saperly_server.core.settings import Settings
from saperly_server.doctor import INVARIANTS
from saperly_server.identity import Scope
from saperly_server.ledger import RateCard
from saperly_server.main import VERSION

from .pages import SERVER, guides, page

_EVERYTHING_IS_IMPORTED = VERSION
ERRORS = sorted(set(all_errors()), key=lambda error: error.tag)
_SQL_EVENT = re.compile(r"insert into events (.*?);", re.DOTALL | re.IGNORECASE)
_CALL = re.compile(r"^\$ (?:export \w+=\$\()?(?:\.venv/bin/)?(saperly [a-z][^\n#|)]*)", re.MULTILINE)
_EVENT_TYPE = re.compile(r"'([a-z]+\.[a-z_]+)'")


@cache
def commands() -> tuple[tuple[str, Any], ...]:
    """Every command by the words that one types."""
    return tuple(_commands("saperly", typer.main.get_command(app)))


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, one in inner.items():
        yield from _commands(f"{path} {name}", one)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.tag)
def test_every_error_is_described_with_its_facts_under_its_status(error: type[SaperlyError]) -> None:
    reference = page("docs/reference/errors.md")
    row = reference.row_of(error.tag)
    assert all(f"`{fact}`" in row for fact in error.shape), row
    assert row.split("|")[3].strip() == ("yes" if error.retryable else "no")
    heading = [line for line in reference.text.partition(row)[0].splitlines() if line.startswith("## ")][-1]
    assert str(error.status) in heading


def test_no_error_is_described_that_does_not_exist() -> None:
    described = re.findall(r"^\| `([A-Z]\w+)`", page("docs/reference/errors.md").text, re.MULTILINE)
    assert set(described) == {error.tag for error in ERRORS}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_with_its_default(name: str) -> None:
    row = page("docs/reference/settings.md").row_of(f"SAPERLY_{name.upper()}")
    assert _shown(Settings.model_fields[name].default) in row


def _shown(default: object) -> str:
    if default is None:
        return "| unset |"
    return f"`{str(default).replace(chr(39), chr(34))}`"


def test_no_setting_is_named_that_does_not_exist() -> None:
    known = {f"SAPERLY_{name.upper()}" for name in Settings.model_fields}
    described = re.findall(r"^\| `(SAPERLY_\w+)`", page("docs/reference/settings.md").text, re.MULTILINE)
    assert set(described) == known


def test_every_event_type_that_is_written_is_described() -> None:
    described = re.findall(r"^\| `([a-z]+\.[a-z_]+)`", page("docs/reference/events.md").text, re.MULTILINE)
    assert set(described) == set(written_events())


def test_every_audit_event_type_that_is_written_is_described() -> None:
    described = set(page("docs/operate/audit-and-doctor.md").code())
    assert set(_words_given_to("record", place=3)) - described == set()


def test_every_magic_number_is_described() -> None:
    described = re.findall(r"^\| `(\d{4})`", page("docs/guides/simulated-network.md").text, re.MULTILINE)
    assert sorted(described) == sorted(MAGIC)


def test_the_readme_counts_the_scripted_numbers() -> None:
    assert f"{len(MAGIC)} scripted numbers" in page("README.md").text


def test_every_invariant_that_the_doctor_checks_is_described() -> None:
    described = re.findall(r"^\| `([A-Z]-\d+)`", page("docs/operate/audit-and-doctor.md").text, re.MULTILINE)
    assert sorted(described) == sorted(INVARIANTS)


def test_every_scope_is_described() -> None:
    text = page("docs/guides/api-keys.md").text
    assert [scope for scope in Scope if f"`{scope}`" not in text] == []


def test_the_prices_are_those_of_the_rate_file() -> None:
    card, text = RateCard.load(), page("docs/reference/rates.md").text
    for country, types in card.numbers.rent.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {country} "))
        assert [_dollars(price.monthly_cents) in row for price in types.values()] == [True] * len(types), row
    assert f"{card.voice_rate('manual') // 1_000_000} ¢" in text
    assert f"{card.voice_rate('hosted') // 1_000_000} ¢" in text


def _dollars(cents: int) -> str:
    return f"${cents / 100:.2f}"


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_is_described_with_its_options(name: str, command: Any) -> None:
    row = page("docs/reference/cli.md").row_of(name)
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
    assert [option for option in options - {"--help"} if f"`{option}`" not in row] == []


def test_no_command_is_described_that_does_not_exist() -> None:
    described = re.findall(r"^\| `(saperly [^`]+)`", page("docs/reference/cli.md").text, re.MULTILINE)
    assert sorted(described) == sorted(name for name, _ in commands())


def test_every_command_that_is_shown_exists() -> None:
    known = {name for name, _ in commands()}
    shown = {call for one in guides() for block in one.samples("console") for call in _CALL.findall(block)}
    wrong = [call for call in shown if not any(f"{call} ".startswith(f"{name} ") for name in known)]
    assert wrong == []


@cache
def written_events() -> tuple[str, ...]:
    """Every event type that the source writes, in Python by `emit` and in SQL by an insert."""
    found = set(_words_given_to("emit", place=2))
    for path in SERVER.rglob("functions.sql"):
        for values in _SQL_EVENT.findall(path.read_text("utf-8")):
            found |= set(_EVENT_TYPE.findall(values))
    return tuple(sorted(found))


def _words_given_to(name: str, *, place: int) -> Iterator[str]:
    """The dotted words that the source gives to a function as its argument at `place`."""
    for path in SERVER.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.AsyncFunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name:
                        yield from _words(call.args[place], function)


def _words(argument: ast.expr, function: ast.AsyncFunctionDef) -> Iterator[str]:
    """The strings an argument can be: a constant, or what its name is set to in the function."""
    argument = argument.value if isinstance(argument, ast.Subscript) else argument
    if isinstance(argument, ast.Name):
        for line in ast.walk(function):
            if (
                isinstance(line, ast.Assign)
                and isinstance(line.targets[0], ast.Name)
                and line.targets[0].id == argument.id
            ):
                yield from _constants(line.value)
    else:
        yield from _constants(argument)


def _constants(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _EVENT_TYPE.match(f"'{node.value}'"):
            yield node.value
