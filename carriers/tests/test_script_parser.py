from __future__ import annotations

import json

import pytest
from saperly_carriers.simulated import Script, ScriptError, load_script, parse_script
from saperly_carriers.simulated.magic import MAGIC, script_of
from saperly_carriers.simulated.peers import AnsweredBy
from saperly_carriers.simulated.script import (
    BeSilent,
    Expect,
    HangUp,
    Hold,
    InterruptAfter,
    Loop,
    OnCall,
    Pause,
    Press,
    Say,
)


def test_every_step_can_be_written() -> None:
    script = load_script(
        """
        name: everything
        on_call: reject
        answer_after_sec: 1.5
        answered_by: machine
        beep_after_sec: 4
        steps:
          - expect: hello there
          - expect: {pattern: "a+", timeout_sec: 5}
          - expect: {digits: "1#", otherwise: [hang_up]}
          - say: "Yes"
          - say: {text: "No, please", polite: true}
          - pause: 1
          - interrupt_after: 250
          - press: "*9"
          - hold: 3
          - be_silent
          - be_silent: 2
          - loop: {times: 2, steps: [{pause: 1}]}
          - loop: {steps: [{say: again}]}
          - hang_up
        """
    )
    assert script == Script(
        name="everything",
        on_call=OnCall.REJECT,
        answer_after_sec=1.5,
        answered_by=AnsweredBy("machine", 4.0),
        steps=(
            Expect(words="hello there"),
            Expect(pattern="a+", timeout_sec=5.0),
            Expect(digits="1#", otherwise=(HangUp(),)),
            Say("Yes"),
            Say("No, please", polite=True),
            Pause(1.0),
            InterruptAfter(250.0),
            Press("*9"),
            Hold(3.0),
            BeSilent(None),
            BeSilent(2.0),
            Loop(2, (Pause(1.0),)),
            Loop(None, (Say("again"),)),
            HangUp(),
        ),
    )


def test_json_is_as_good_as_yaml() -> None:
    data = {"steps": [{"say": "Hello"}, "hang_up"]}
    assert load_script(json.dumps(data)) == parse_script(data)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("steps: [", "script"),
        ("- say: x", "script"),
        ("say: x", "script"),
        ("on_call: maybe", "script.on_call"),
        ("answer_after_sec: -1", "script.answer_after_sec"),
        ("answer_after_sec: .inf", "script.answer_after_sec"),
        ("answered_by: dog", "script.answered_by"),
        ("steps: say", "script.steps"),
        ("steps: [{say: a, pause: 1}]", "script.steps[0]"),
        ("steps: [{dance: 1}]", "script.steps[0]"),
        ("steps: [{say: ' '}]", "script.steps[0].say"),
        ("steps: [{say: Yes}]", "script.steps[0].say"),
        ("steps: [{say: 4}]", "script.steps[0].say"),
        ("steps: [{say: {text: a, polite: 1}}]", "script.steps[0].say.polite"),
        ("steps: [{pause: soon}]", "script.steps[0].pause"),
        ("steps: [{press: 1}]", "script.steps[0].press"),
        ("steps: [{press: 'x'}]", "script.steps[0].press"),
        ("steps: [{hang_up: now}]", "script.steps[0].hang_up"),
        ("steps: [{expect: {}}]", "script.steps[0].expect"),
        ("steps: [{expect: {words: a, pattern: b}}]", "script.steps[0].expect"),
        ("steps: [{expect: {pattern: '('}}]", "script.steps[0].expect.pattern"),
        ("steps: [{expect: {words: a, timeout_sec: 0}}]", "script.steps[0].expect.timeout_sec"),
        ("steps: [{expect: {words: a, otherwise: [x]}}]", "script.steps[0].expect.otherwise[0]"),
        ("steps: [{loop: {times: 0, steps: [{say: a}]}}]", "script.steps[0].loop.times"),
        ("steps: [{loop: {steps: [hang_up]}}]", "script.steps[0].loop"),
        ("steps: [{loop: {steps: [{pause: 0}]}}]", "script.steps[0].loop"),
        ("steps: [{loop: {times: 2}}]", "script.steps[0].loop.steps"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, where: str) -> None:
    with pytest.raises(ScriptError) as mistake:
        load_script(text)
    assert mistake.value.where == where


def test_the_parties_of_the_magic_numbers_are_scripts() -> None:
    for magic in MAGIC.values():
        assert script_of(magic).name == (magic.party or "listener")
