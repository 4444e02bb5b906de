"""Voices, languages and models that every workspace is offered."""

from __future__ import annotations

import re

import pytest
from saperly_server.connections import (
    DEFAULT_VOICE,
    list_languages,
    list_voices,
    managed_models,
    voice_catalogue,
)
from saperly_server.connections.rules import is_language_tag
from saperly_server.core.pagination import Page

ALL = Page()


def test_the_documented_voices_are_there() -> None:
    assert {"aria", "atlas", "hebrew-warm", DEFAULT_VOICE} <= set(voice_catalogue())


def test_every_voice_has_a_slug_and_a_well_formed_language() -> None:
    for voice in voice_catalogue().values():
        assert re.fullmatch(r"[a-z0-9-]{1,40}", voice.id)
        assert is_language_tag(voice.language)
        assert voice.gender in ("female", "male", "neutral")
        assert voice.name
        assert voice.accent
        assert voice.description
        assert voice.languages


@pytest.mark.parametrize(
    ("range_", "found"),
    [
        ("en-gb", {"isla", "caspian"}),
        ("EN-GB", {"isla", "caspian"}),
        ("HE", {"hebrew-warm"}),
        ("e", set()),
        ("en-G", set()),
        ("xx", set()),
    ],
)
def test_voices_are_found_by_the_subtags_their_language_begins_with(range_: str, found: set[str]) -> None:
    assert {voice.id for voice in list_voices(ALL, range_)} == found


def test_a_primary_subtag_finds_every_region() -> None:
    assert {voice.language for voice in list_voices(ALL, "en")} == {"en-US", "en-GB", "en-AU", "en-IN"}


def test_no_range_finds_every_voice() -> None:
    assert list_voices(ALL) == list_voices(ALL, "") == list(voice_catalogue().values())


def test_walking_pages_gives_every_voice_once() -> None:
    seen, page = [], Page(5)
    while rows := list_voices(page):
        seen += rows
        page = Page(5, rows[-1].id)
    assert seen == list(voice_catalogue().values())
    assert list_voices(Page(5, "nobody")) == []


def test_languages_come_most_supported_first() -> None:
    languages = [(one.code, one.name) for one in list_languages(ALL)]
    assert languages[0] == ("en", "English")
    assert {code for code, _ in languages[1:3]} == {"es", "fr"}
    assert len(languages) == len(set(languages))
    assert {code for code, _ in languages} >= {"de", "he", "ja", "pt", "it"}


def test_the_default_model_is_a_managed_one() -> None:
    assert managed_models().default == "openai/gpt-4o"
    assert managed_models().default in managed_models().names


@pytest.mark.parametrize(
    "tag",
    [
        "en",
        "en-US",
        "EN-us",
        "zh-Hant-TW",
        "es-419",
        "de-CH-1996",
        "sl-rozaj-biske",
        "en-u-ca-gregory",
        "x-own",
        "multi",
    ],
)
def test_well_formed_language_tags_are_accepted(tag: str) -> None:
    assert is_language_tag(tag)


@pytest.mark.parametrize(
    "tag", ["", "e", "english-", "-en", "en_US", "en US", "en--US", "123", "toolonglanguage", "en-x", "ёё", "en" * 40]
)
def test_malformed_language_tags_are_refused(tag: str) -> None:
    assert not is_language_tag(tag)
