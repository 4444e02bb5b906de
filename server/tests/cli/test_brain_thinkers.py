"""What thinks behind `saperly brain`: files that change, commands that misbehave, answers that are none."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from saperly_server.cli.brain.thinkers import Broken, Event, Thinker, chosen
from saperly_server.cli.exits import Problem

TURN: Event = {"type": "turn", "requestId": "req_call_1_2", "conversationId": "call_1", "userText": "Hi"}
ENDED: Event = {"type": "call_ended", "requestId": "req_call_1_3", "conversationId": "call_1", "reason": "done"}
SPEAK = {"type": "speak", "text": "Hello"}

File = Callable[[str], Thinker]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> File:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def write(source: str) -> Thinker:
        path = tmp_path / "mine.py"
        path.write_text(source, "utf-8")
        return chosen(path, None, None)("mc_1")

    return write


def _command(tmp_path: Path, source: str) -> Thinker:
    path = tmp_path / "brain.py"
    path.write_text(source, "utf-8")
    return chosen(None, f"{sys.executable} {path}", None)("mc_1")


async def test_two_saves_within_a_second_and_of_one_length_are_two_brains(file: File, tmp_path: Path) -> None:
    thinker = file("def on_turn(event):\n    return 'Good morning'\n")
    assert (await thinker.think(TURN))["text"] == "Good morning"
    file("def on_turn(event):\n    return 'Good evening'\n")
    assert (await thinker.think(TURN))["text"] == "Good evening"
    assert not (tmp_path / "__pycache__").exists()


async def test_an_ordinary_python_file_is_a_brain(file: File, tmp_path: Path) -> None:
    (tmp_path / "neighbour_of_mine.py").write_text("WORD = 'Hello'\n", "utf-8")
    thinker = file(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from neighbour_of_mine import WORD\n"
        "@dataclass\nclass Said:\n    text: str\n"
        "async def on_turn(event):\n    return Said(WORD).text\n"
    )
    assert await thinker.think(TURN) == SPEAK


async def test_a_function_that_takes_its_time_stops_no_other_call(file: File) -> None:
    thinker = file("import time\ndef on_turn(event):\n    time.sleep(0.3)\n    return 'Hello'\n")
    began = time.monotonic()
    await asyncio.gather(*(thinker.think(TURN) for _ in range(4)))
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def on_turn(event):\n    return 1 / 0\n", "ZeroDivisionError"),
        ("def on_turn(event):\n    return 17\n", "it gave a int"),
        ("def on_turn(event):\n    return {'type': 'speak', 'text': 'Hi', 'end_call': True}\n", "end_call"),
        ("def on_turn(event):\n    return 'x' * 5000\n", "no directive"),
        ("def on_turn(:\n", "SyntaxError"),
        ("x = 1\n", "has none of"),
    ],
)
async def test_what_is_wrong_with_a_file_is_said_in_a_sentence(file: File, source: str, told: str) -> None:
    with pytest.raises(Broken, match=told):
        await file(source).think(TURN)


async def test_an_event_without_a_function_is_listened_to(file: File) -> None:
    thinker = file("def on_turn(event):\n    return 'Hello'\n")
    assert await thinker.think(ENDED) == {"type": "wait_for_user"}


async def test_a_command_answers_line_by_line_without_flushing(tmp_path: Path) -> None:
    thinker = _command(tmp_path, "import sys\nfor line in sys.stdin:\n    print('Hello')\n")
    assert [await thinker.think(TURN) for _ in range(3)] == [SPEAK] * 3
    await thinker.close()


async def test_lines_that_nobody_asked_for_answer_nothing(tmp_path: Path) -> None:
    source = (
        "import sys, json\n"
        "for place, line in enumerate(sys.stdin):\n"
        "    print(json.dumps({'type': 'speak', 'text': f'Answer {place}'}))\n"
        "    print('DEBUG: thinking')\n"
    )
    thinker = _command(tmp_path, source)
    said = []
    for _ in range(3):
        said.append((await thinker.think(TURN))["text"])
        await asyncio.sleep(0.05)  # the stray line is on its way
    assert said == ["Answer 0", "Answer 1", "Answer 2"]
    await thinker.close()


async def test_a_command_that_ended_is_started_again(tmp_path: Path) -> None:
    thinker = _command(tmp_path, "input()\nprint('Hello')\n")
    for _ in range(2):
        assert await thinker.think(TURN) == SPEAK
        await asyncio.sleep(0.2)
    await thinker.close()


async def test_one_that_does_not_want_to_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saperly_server.cli.brain.thinkers.command._ENDS_WITHIN_SEC", 0.2)
    source = "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nfor line in sys.stdin:\n    print('Hello')\n"
    thinker = _command(tmp_path, source)
    assert await thinker.think(TURN) == SPEAK
    await asyncio.wait_for(thinker.close(), 5)


async def test_one_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="cannot be started"):
        await chosen(None, "/no/such/command", None)("mc_1").think(TURN)


@pytest.mark.parametrize("chosen_as", [(None, None, None), (Path("x"), "y", None), (None, "y", "z"), (None, "", None)])
def test_a_brain_is_exactly_one_thing(chosen_as: tuple[Path | None, str | None, str | None]) -> None:
    with pytest.raises(Problem):
        chosen(*chosen_as)("mc_1")
