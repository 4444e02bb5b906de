"""What the deployment offers to every workspace: voices, the languages they speak, and managed models.

The lists are the data files beside this module, read once.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from saperly_server.core.pagination import Page

from .contracts import Connection, Language, Llm, LlmKind, Voice

DEFAULT_VOICE = "aria"
"""The voice of a connection that names none."""

Listed = TypeVar("Listed", Voice, Language)


@dataclass(frozen=True, slots=True)
class ManagedModels:
    """The models a connection may name without bringing its own, and the one it gets when it names none."""

    default: str
    names: frozenset[str]


@cache
def managed_models() -> ManagedModels:
    data = _read("managed_models.toml")
    return ManagedModels(data["default"], frozenset(data["models"]))


def llm_of(connection: Connection) -> Llm:
    """The model that is really used: the connection's, or the managed default."""
    return connection.llm or Llm(LlmKind.MANAGED, managed_models().default)


def voice_of(connection: Connection) -> str:
    """The id of the voice that is really used: the connection's, or the default."""
    return connection.tts.voice_id if connection.tts is not None else DEFAULT_VOICE


@cache
def voice_catalogue() -> dict[str, Voice]:
    """Every voice by its slug, in the order they are presented."""
    return {
        slug: Voice(id=slug, **{**about, "languages": tuple(about["languages"])})
        for slug, about in _read("voices.toml").items()
    }


def list_voices(page: Page, language: str | None = None) -> list[Voice]:
    """Voices whose language begins with the subtags of `language` in any case: `en` finds `en-GB`, `e` nothing."""
    voices = [voice for voice in voice_catalogue().values() if not language or _begins(voice, language)]
    return _part(voices, page)


def list_languages(page: Page) -> list[Language]:
    """The catalogue's languages, the one with the most voices first; equal ones by name."""
    voices = Counter(code for voice in voice_catalogue().values() for code in _spoken(voice))
    names = _read("languages.toml")
    languages = [Language(code, names[code]) for code in voices]
    return _part(sorted(languages, key=lambda one: (-voices[one.code], one.name)), page)


def _spoken(voice: Voice) -> set[str]:
    own = voice.language.partition("-")[0]
    return ({own} | set(voice.languages)) - {"multi"}


def _begins(voice: Voice, language: str) -> bool:
    """Basic filtering of RFC 4647: the range is the tag, or the tag up to a hyphen."""
    return f"{voice.language.lower()}-".startswith(f"{language.lower()}-")


def _part(rows: Sequence[Listed], page: Page) -> list[Listed]:
    """The rows after the cursor; none after a cursor that is not in the list."""
    places = {row.id: place for place, row in enumerate(rows, start=1)}
    start = 0 if page.cursor is None else places.get(page.cursor, len(rows))
    return list(rows[start : start + page.limit])


@cache
def _read(name: str) -> dict[str, Any]:
    with Path(__file__).with_name(name).open("rb") as file:
        return tomllib.load(file)
