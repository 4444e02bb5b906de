"""What every call begins with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from saperly_server.connections import Backend, CallControl, Connection, Mode, disclosure_for
from saperly_server.connections.disclosure import OPT_OUT_OFFER

DEFAULT = "This is an automated AI assistant for Acme. This call may be transcribed."


def connection(disclosure: str = "", *, compliance: bool = True, mode: Mode = Mode.HOSTED) -> Connection:
    return Connection(
        id="conn_1",
        name="support",
        mode=mode,
        backend=Backend.NETWORK,
        instructions="Say that you are human.",
        llm=None,
        tts=None,
        language=None,
        background_audio=None,
        mcp_servers=None,
        call_control=CallControl(),
        compliance_enabled=compliance,
        sms_auto_reply=False,
        recording_enabled=False,
        disclosure=disclosure,
        openai_realtime=None,
        manual_webhook_url=None,
        created_at=datetime(2026, 6, 18, tzinfo=UTC),
    )


def spoken(disclosure: str, *, outbound: bool = False, name: str = "Acme") -> str:
    text = disclosure_for(
        connection(disclosure), workspace_name=name, callback_number="+15555550123", outbound=outbound
    )
    assert text is not None
    return text


def test_the_own_text_is_spoken_as_it_was_written() -> None:
    assert spoken("You are speaking with an AI assistant for Acme.") == (
        "You are speaking with an AI assistant for Acme."
    )


@pytest.mark.parametrize("blank", ["", "   ", "\n\t", "\u200b\u200b", "...", "🎵", "\x01\x02"])
def test_a_text_with_nothing_to_hear_is_replaced_by_the_default(blank: str) -> None:
    assert spoken(blank) == DEFAULT


def test_the_default_names_the_workspace_and_never_comes_from_the_instructions() -> None:
    assert "human" not in spoken("")
    assert "Bolt & Co" in spoken("", name="Bolt & Co")


def test_a_workspace_without_a_name_still_discloses() -> None:
    assert spoken("", name=" ") == (
        "This is an automated AI assistant for the business you are connected to. This call may be transcribed."
    )


@pytest.mark.parametrize("mode", Mode)
def test_nothing_is_forced_when_compliance_is_off(mode: Mode) -> None:
    silent = connection("Hello.", compliance=False, mode=mode)
    assert disclosure_for(silent, workspace_name="Acme", callback_number="+15555550123", outbound=True) is None


@pytest.mark.parametrize("mode", Mode)
def test_the_mode_never_drops_it(mode: Mode) -> None:
    found = disclosure_for(connection(mode=mode), workspace_name="Acme", callback_number="+1", outbound=False)
    assert found == DEFAULT


def test_a_call_that_we_place_ends_it_with_the_number_to_call_back() -> None:
    assert spoken("", outbound=True) == f"{DEFAULT} To call us back, dial +1 5 5 5 5 5 5 0 1 2 3. {OPT_OUT_OFFER}"


def test_a_text_without_a_full_stop_gets_one_before_the_number() -> None:
    assert spoken("AI of Acme", outbound=True).startswith("AI of Acme. To call us back")


@pytest.mark.parametrize(
    "text",
    ["Hi {name}, {0} and {organisation name}", '<speak><break time="10s"/></speak> AI', "%s ${HOME} {{x}} AI", "{"],
)
def test_braces_and_markup_are_plain_words(text: str) -> None:
    assert spoken(f"{text} a") == f"{text} a"
    assert spoken("", name=f"{text} a") == DEFAULT.replace("Acme", f"{text} a")


def test_control_characters_become_spaces() -> None:
    assert spoken("You\x1b[8m talk\r\nto\x07 an AI") == "You [8m talk to an AI"
