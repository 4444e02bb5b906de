"""Custom voices: uploaded, made ready, spoken with, deleted."""

from __future__ import annotations

import pytest
from saperly_server import connections
from saperly_server.connections import (
    ConnectionDraft,
    CustomVoiceConflict,
    CustomVoiceDraft,
    CustomVoiceNotFound,
    InvalidVoiceUpload,
    Sample,
    Tts,
    UnsupportedVoice,
)
from saperly_server.connections.models import custom_voices as voices
from saperly_server.core.db import Tenant
from saperly_server.core.pagination import Page
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from .conftest import UPLOAD, Desk


async def test_an_unknown_voice_is_refused(desk: Desk) -> None:
    with pytest.raises(UnsupportedVoice) as refusal:
        await desk.make(tts=Tts("nobody"))
    assert (refusal.value.facts["field"], refusal.value.facts["voice"]) == ("tts.voiceId", "nobody")


async def test_a_custom_voice_is_usable_once_it_is_active(desk: Desk) -> None:
    voice = await desk.upload()
    with pytest.raises(UnsupportedVoice, match="pending"):
        await desk.make(tts=Tts(voice))
    assert await desk.activate() == 1
    assert await desk.activate() == 0
    assert (await desk.make(tts=Tts(voice))).tts == Tts(voice)
    async with desk.db.tenant(desk.tenant) as tx:
        assert (await connections.get_custom_voice(tx, voice)).status == "active"


async def test_a_custom_voice_of_another_workspace_or_environment_is_unknown(desk: Desk, stranger: Tenant) -> None:
    voice = await desk.upload()
    await desk.activate()
    for tenant in (desk.test_tenant, stranger):
        async with desk.db.tenant(tenant) as tx:
            with pytest.raises(CustomVoiceNotFound):
                await connections.get_custom_voice(tx, voice)
            assert await connections.list_custom_voices(tx, Page()) == []
            with pytest.raises(UnsupportedVoice):
                await connections.create_connection(tx, ConnectionDraft(name="x", tts=Tts(voice)), "key:test", desk.box)


async def test_a_voice_in_use_cannot_be_deleted_until_nobody_speaks_with_it(desk: Desk) -> None:
    voice = await desk.upload()
    await desk.activate()
    made = await desk.make(tts=Tts(voice))
    async with desk.db.tenant(desk.tenant) as tx:
        with pytest.raises(CustomVoiceConflict) as refusal:
            await connections.delete_custom_voice(tx, voice, "key:test")
    assert refusal.value.facts["code"] == "in_use"
    assert made.id in refusal.value.facts["message"]
    await desk.change(made.id, tts=Tts("aria"))
    async with desk.db.tenant(desk.tenant) as tx:
        await connections.delete_custom_voice(tx, voice, "key:test")
        with pytest.raises(CustomVoiceNotFound):
            await connections.get_custom_voice(tx, voice)


async def test_a_deleted_connection_does_not_use_its_voice(desk: Desk) -> None:
    voice = await desk.upload()
    await desk.activate()
    made = await desk.make(tts=Tts(voice))
    async with desk.db.tenant(desk.tenant) as tx:
        await connections.delete_connection(tx, made.id, "key:test")
        await connections.delete_custom_voice(tx, voice, "key:test")


async def test_deleting_a_voice_erases_its_sample(desk: Desk) -> None:
    voice = await desk.upload()
    async with desk.db.tenant(desk.tenant) as tx:
        await connections.delete_custom_voice(tx, voice, "key:test")
        assert await tx.scalar(select(voices.c.sample).where(voices.c.id == voice)) == b""
        with pytest.raises(CustomVoiceNotFound):
            await connections.delete_custom_voice(tx, voice, "key:test")
    assert await desk.activate() == 0
    kinds = [kind for kind, _ in await desk.trail(voice)]
    assert kinds == ["custom_voice.created", "custom_voice.deleted"]


@pytest.mark.parametrize(
    "draft",
    [
        CustomVoiceDraft("", "en", "male", b""),
        CustomVoiceDraft("x" * 121, "en", "male", b""),
        CustomVoiceDraft("Ana", "en_US", "male", b""),
        CustomVoiceDraft("Ana", "", "male", b""),
        CustomVoiceDraft("Ana", "en", "robot", b""),
    ],
)
async def test_a_voice_that_is_badly_described_is_refused(desk: Desk, draft: CustomVoiceDraft) -> None:
    with pytest.raises(InvalidVoiceUpload):
        await desk.upload(draft)


async def test_a_workspace_cannot_pile_up_voices_without_end(desk: Desk) -> None:
    async with desk.db.tenant(desk.tenant) as tx:
        for _ in range(100):
            await connections.create_custom_voice(tx, UPLOAD, Sample("wav", 3.0), "key:test")
    with pytest.raises(CustomVoiceConflict) as refusal:
        await desk.upload()
    assert refusal.value.facts["code"] == "conflict"


async def test_a_voice_cannot_be_deleted_while_a_connection_is_taking_it(desk: Desk) -> None:
    voice = await desk.upload()
    await desk.activate()
    async with desk.db.tenant(desk.tenant) as tx:
        await connections.create_connection(tx, ConnectionDraft(name="x", tts=Tts(voice)), "key:test", desk.box)
        async with desk.db.tenant(desk.tenant) as other:
            await other.run(text("set local lock_timeout = '10ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await connections.delete_custom_voice(other, voice, "key:test")
            await other.conn.rollback()
    with pytest.raises(CustomVoiceConflict):
        await desk.delete_voice(voice)
