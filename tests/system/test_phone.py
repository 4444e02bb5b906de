"""Being the caller, and the called, with `saperly call` against the demo receptionist."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import threading
from typing import Any

from .conftest import SAPERLY, Running, environment, eventually

PERSON = "+15555550123"
NUMBER = "+14155550100"


def _events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_script_books_an_appointment(server: Running) -> None:
    booking = "My name is Ana. Can I book Monday at 3 pm?"
    done = server.run("call", NUMBER, "--expect", "how can i help", "--say", booking, "--expect", "you are booked")
    events = _events(done.stdout)
    disclosure = next(event for event in events if event["event"] == "heard")
    assert disclosure["disclosure"] is True
    settled = events[-1]
    assert (settled["event"], settled["status"], settled["environment"]) == ("settled", "completed", "test")
    with server.client(test=True) as api:
        call = api.get(f"/calls/{settled['callId']}").json()
        turns = api.get(f"/calls/{settled['callId']}/transcript").json()["turns"]
    assert (call["durationSec"], call["costCents"]) == (settled["durationSec"], settled["costCents"])
    assert booking in [turn["text"] for turn in turns]


def test_a_failed_expectation_ends_with_code_8_and_the_exchange(server: Running) -> None:
    failed = server.run("call", NUMBER, "--from", "+12025550144", "--expect", "purple", "--timeout", "6", expect=8)
    problem = json.loads(failed.stderr)
    assert problem["code"] == "expectation_failed"
    assert "automated AI assistant" in problem["exchange"][0]["text"]


def test_a_number_that_is_not_there_is_told_at_once(server: Running) -> None:
    missing = server.run("call", "+14155550177", "--from", "+12025550145", expect=5)
    assert "not a number that can be called here" in json.loads(missing.stderr)["message"]


def test_the_called_side_of_an_outbound_call_can_be_taken(server: Running) -> None:
    with server.client(test=True) as api:
        number = api.get("/numbers").json()[0]
        pair = {"numberId": number["id"], "peerNumber": PERSON}
        assert api.post("/consent", json={**pair, "consentType": "explicit_outbound", "source": "x"}).is_success
        answering = subprocess.Popen(
            [
                SAPERLY,
                "call",
                PERSON,
                "--answer",
                "--say",
                "What are your opening hours?",
                "--expect",
                "monday to friday",
            ],
            cwd=server.folder,
            env=environment(server.folder),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert answering.stdout is not None
        assert json.loads(answering.stdout.readline())["event"] == "waiting"
        call_id = api.post("/calls", json={"fromNumberId": number["id"], "to": PERSON}).json()["id"]
        output, _ = answering.communicate(timeout=60)
    assert answering.returncode == 0
    assert _events(output)[-1]["callId"] == call_id


def test_a_person_types_and_is_answered_in_a_terminal(server: Running) -> None:
    terminal = Terminal(server, "call", NUMBER, "--from", "+12025550146")
    terminal.until("disclosure> This is an automated AI assistant")
    terminal.until("How can I help you?")
    terminal.type("What are your opening hours?")
    terminal.until("We are open Monday to Friday")
    terminal.type("/hangup")
    terminal.until("(test balance)")
    assert terminal.ended() == 0


def test_texts_go_in_and_their_answers_are_seen(server: Running) -> None:
    server.run("sms", NUMBER, "HELP", "--from", "+12025550147")
    shown = eventually(lambda: json.loads(server.run("inbox", "+12025550147").stdout))
    assert shown[0]["from"] == NUMBER
    assert "Reply STOP" in shown[0]["body"]


def test_new_texts_are_shown_as_they_come(server: Running) -> None:
    person = "+12025550148"
    terminal = Terminal(server, "inbox", person, "--follow", "--wait", "1")
    terminal.until("Waiting for texts")
    server.run("sms", NUMBER, "HELP", "--from", person)
    terminal.until("+1 415 555 0100: My workspace")
    assert terminal.ended() == 0


class Terminal:
    """A command on a terminal of 80 columns, as a person has it before them."""

    def __init__(self, server: Running, *arguments: str) -> None:
        self._controller, terminal = pty.openpty()
        environ = {**environment(server.folder), "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}
        self._process = subprocess.Popen(
            [SAPERLY, *arguments], cwd=server.folder, env=environ, stdin=terminal, stdout=terminal, stderr=terminal
        )
        os.close(terminal)
        self._shown = ""
        self._place = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while shown := os.read(self._controller, 4096):
                self._shown += shown.decode()
        except OSError:
            pass  # how a terminal says that nobody is there any more

    def until(self, text: str) -> None:
        """Wait until this is shown, behind what was waited for before."""
        eventually(lambda: text in self._shown[self._place :] or None)
        self._place = self._shown.index(text, self._place) + len(text)

    def type(self, line: str) -> None:
        os.write(self._controller, line.encode() + b"\n")

    def ended(self) -> int:
        code = self._process.wait(20)
        os.close(self._controller)
        return code
