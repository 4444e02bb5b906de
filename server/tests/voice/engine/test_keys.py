"""Keys reach the brain as one turn."""

from saperly_protocol import Turn, WaitForUser
from saperly_server.voice.engine.effects import AskBrain, RecordTurn
from saperly_server.voice.engine.inputs import DtmfReceived, Heard
from saperly_server.voice.engine.rehearsal import Rehearsal


def press(call: Rehearsal, keys: str) -> None:
    for key in keys:
        call.feed(DtmfReceived(key))


def told(call: Rehearsal) -> str:
    event = call.last(AskBrain).event
    assert isinstance(event, Turn)
    return event.user_text


def test_one_key_is_a_turn_after_a_short_pause(talking: Rehearsal) -> None:
    press(talking, "1")
    talking.wait(1.4)
    assert len(talking.all(AskBrain)) == 1
    talking.wait(0.1)
    assert told(talking) == "[pressed 1]"
    assert talking.last(RecordTurn).text == "[pressed 1]"


def test_keys_pressed_in_a_row_are_one_turn(talking: Rehearsal) -> None:
    for key in "94110":
        press(talking, key)
        talking.wait(1)
    talking.wait(1)
    assert told(talking) == "[pressed 94110]"


def test_the_hash_key_ends_the_turn_at_once(talking: Rehearsal) -> None:
    press(talking, "42#")
    assert told(talking) == "[pressed 42#]"


def test_keys_pressed_while_the_brain_thinks_join_its_next_turn(talking: Rehearsal) -> None:
    talking.feed(Heard("Hello"))
    press(talking, "7#")
    assert told(talking) == "Hello"
    talking.reply(WaitForUser())
    assert told(talking) == "[pressed 7#]"


def test_keys_pressed_right_before_speaking_come_before_the_words(talking: Rehearsal) -> None:
    press(talking, "12")
    talking.feed(Heard("I mean twelve"))
    assert told(talking) == "[pressed 12] I mean twelve"


def test_keys_pressed_during_the_disclosure_are_not_lost(disclosing: Rehearsal) -> None:
    press(disclosing, "0")
    disclosing.wait(2)
    disclosing.play()
    disclosing.reply(WaitForUser())
    assert told(disclosing) == "[pressed 0]"


def test_nine_is_an_ordinary_key_where_it_was_not_announced(talking: Rehearsal) -> None:
    press(talking, "9#")
    assert told(talking) == "[pressed 9#]"
