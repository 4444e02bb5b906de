"""Connections: what is stored, what is refused, what the trail says."""

from __future__ import annotations

import re

import pytest
from saperly_server import connections
from saperly_server.connections import (
    Backend,
    BackgroundAudio,
    CallControl,
    ConnectionNotFound,
    Llm,
    LlmKind,
    McpAuth,
    McpAuthType,
    McpServer,
    Mode,
    OpenaiRealtime,
    Stt,
    Transfer,
    Tts,
)
from saperly_server.connections.models import connections as table
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import Tenant
from saperly_server.core.errors import ValidationError
from saperly_server.core.pagination import Page
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from .conftest import Desk

URL = "https://mcp.example.com/mcp"


async def test_a_name_is_enough(desk: Desk) -> None:
    made = await desk.make()
    assert made.id.startswith("conn_")
    assert (made.mode, made.backend, made.instructions) == (Mode.HOSTED, Backend.NETWORK, "")
    assert (made.compliance_enabled, made.sms_auto_reply, made.recording_enabled) == (True, False, False)
    assert (made.llm, made.tts, made.stt, made.mcp_servers, made.manual_secret) == (None,) * 5
    assert made.call_control == CallControl(end_call=True, send_dtmf=True, transfer=None)
    assert connections.llm_of(made) == Llm(LlmKind.MANAGED, "openai/gpt-4o")
    assert connections.voice_of(made) == "aria"
    assert await desk.read(made.id) == made


async def test_everything_that_is_sent_is_read_again(desk: Desk) -> None:
    made = await desk.make(
        mode=Mode.MANUAL,
        instructions="You are kind.",
        llm=Llm(LlmKind.BYO, "llama", "https://llm.example.com/v1", "secret_1"),
        tts=Tts("atlas"),
        language="pt-BR",
        background_audio=BackgroundAudio("office", 0.3),
        mcp_servers=(McpServer(URL, McpAuth(McpAuthType.BEARER, "t0k"), ("lookup",)), McpServer(URL)),
        call_control=CallControl(False, False, Transfer(("+15555550123", "sip:a@sip.example.com"), "+15555550100")),
        compliance_enabled=False,
        recording_enabled=True,
        disclosure="An AI speaks.",
        openai_realtime=OpenaiRealtime("gpt-realtime", "verse"),
        manual_webhook_url="https://example.com/brain",
    )
    assert made.stt == Stt("pt-BR")
    assert await desk.read(made.id) == made


async def test_a_change_touches_what_is_sent_and_nothing_else(desk: Desk) -> None:
    made = await desk.make(instructions="old", tts=Tts("atlas"), language="de")
    changed = await desk.change(made.id, instructions="new")
    assert (changed.instructions, changed.tts, changed.language) == ("new", Tts("atlas"), "de")
    assert await desk.read(made.id) == changed


async def test_a_blank_clears_language_webhook_and_disclosure(desk: Desk) -> None:
    made = await desk.make(language="de", manual_webhook_url="https://example.com/brain", disclosure="An AI.")
    cleared = await desk.change(made.id, language="", manual_webhook_url="", disclosure="")
    assert (cleared.language, cleared.manual_webhook_url, cleared.disclosure) == (None, None, "")
    assert await desk.read(made.id) == cleared


async def test_an_empty_list_clears_the_servers(desk: Desk) -> None:
    made = await desk.make(mcp_servers=(McpServer(URL),))
    assert (await desk.change(made.id, mcp_servers=())).mcp_servers == ()
    assert (await desk.read(made.id)).mcp_servers == ()


async def test_a_manual_connection_gets_its_secret_at_once(desk: Desk) -> None:
    made = await desk.make(mode=Mode.MANUAL)
    assert re.fullmatch(r"mc_[0-9a-f]{64}", made.manual_secret or "")


async def test_the_secret_is_minted_once_and_kept_across_switches(desk: Desk) -> None:
    made = await desk.make()
    first = await desk.change(made.id, mode=Mode.MANUAL)
    assert re.fullmatch(r"mc_[0-9a-f]{64}", first.manual_secret or "")
    for mode in (Mode.MANUAL, Mode.HOSTED, Mode.MANUAL, Mode.MANUAL):
        assert (await desk.change(made.id, mode=mode)).manual_secret == first.manual_secret
    switches = [data["mode"] for kind, data in await desk.trail(made.id) if kind == "connection.changed"]
    assert switches == ["manual", "hosted", "manual"]


async def test_secrets_are_opened_only_where_they_are_asked_for(desk: Desk) -> None:
    server = McpServer(URL, McpAuth(McpAuthType.BEARER, "t0k"))
    made = await desk.make(mode=Mode.MANUAL, mcp_servers=(server,))
    async with desk.db.tenant(desk.tenant) as tx:
        closed = await connections.get_connection(tx, made.id)
    assert closed.manual_secret is None
    assert closed.mcp_servers == (McpServer(URL, McpAuth(McpAuthType.BEARER, None)),)
    assert (await desk.read(made.id)).mcp_servers == (server,)
    assert "t0k" not in repr(made)
    assert str(made.manual_secret) not in repr(made)


async def test_the_database_holds_no_readable_secret(desk: Desk) -> None:
    server = McpServer(URL, McpAuth(McpAuthType.BEARER, "very-secret-token"))
    made = await desk.make(mode=Mode.MANUAL, mcp_servers=(server,))
    async with desk.db.tenant(desk.tenant) as tx:
        row = str(await tx.one(select(table).where(table.c.id == made.id)))
    assert "very-secret-token" not in row
    assert str(made.manual_secret) not in row


async def test_a_changed_deployment_key_hides_secrets_and_breaks_nothing(desk: Desk) -> None:
    made = await desk.make(mode=Mode.MANUAL)
    other = await desk.read(made.id, box=SecretBox("another key"))
    assert other.manual_secret is None
    assert other.name == made.name


async def test_the_trail_tells_what_changed_and_never_a_secret(desk: Desk) -> None:
    server = McpServer(URL, McpAuth(McpAuthType.BEARER, "very-secret-token"))
    made = await desk.make()
    after = await desk.change(made.id, mode=Mode.MANUAL, mcp_servers=(server,), disclosure="An AI.")
    await desk.delete(made.id)
    events = await desk.trail(made.id)
    assert [kind for kind, _ in events] == ["connection.created", "connection.changed", "connection.deleted"]
    assert events[1][1] == {
        "fields": ["mode", "mcp_servers", "disclosure", "manual_secret"],
        "mode": "manual",
        "disclosure": "An AI.",
    }
    assert "very-secret-token" not in str(events)
    assert str(after.manual_secret) not in str(events)


async def test_switching_compliance_is_in_the_trail(desk: Desk) -> None:
    made = await desk.make(compliance_enabled=False)
    await desk.change(made.id, compliance_enabled=True)
    await desk.change(made.id, compliance_enabled=True)
    toggles = [data for kind, data in await desk.trail(made.id) if kind == "compliance.toggled"]
    assert toggles == [{"enabled": False}, {"enabled": True}]


async def test_a_change_that_changes_nothing_leaves_no_trace(desk: Desk) -> None:
    made = await desk.make(tts=Tts("aria"), mcp_servers=(McpServer(URL),))
    assert await desk.change(made.id) == made
    assert await desk.change(made.id, name="support", tts=Tts("aria"), mcp_servers=(McpServer(URL),)) == made
    assert [kind for kind, _ in await desk.trail(made.id)] == ["connection.created"]


async def test_a_deleted_connection_is_gone(desk: Desk) -> None:
    made = await desk.make()
    async with desk.db.tenant(desk.tenant) as tx:
        await connections.delete_connection(tx, made.id, "key:test")
        assert await connections.list_connections(tx, Page()) == []
        assert await connections.find_connection(tx, desk.tenant, made.id) is None
        for again in (connections.get_connection(tx, made.id), connections.delete_connection(tx, made.id, "key:test")):
            with pytest.raises(ConnectionNotFound) as refusal:
                await again
            assert refusal.value.facts == {"id": made.id}
    with pytest.raises(ConnectionNotFound):
        await desk.change(made.id, name="again")


async def test_another_environment_or_workspace_sees_nothing(desk: Desk, stranger: Tenant) -> None:
    made = await desk.make()
    for tenant in (desk.test_tenant, stranger):
        with pytest.raises(ConnectionNotFound):
            await desk.read(made.id, tenant=tenant)
        async with desk.db.tenant(tenant) as tx:
            assert await connections.list_connections(tx, Page()) == []
        with pytest.raises(ConnectionNotFound):
            await desk.delete(made.id, tenant=tenant)
    async with desk.db.system() as tx:
        assert await connections.find_connection(tx, stranger, made.id) is None
        assert await connections.find_connection(tx, desk.tenant, made.id) is not None


async def test_auto_replies_are_kept_but_rest_while_the_connection_is_manual(desk: Desk) -> None:
    made = await desk.make(sms_auto_reply=True)
    assert made.replies_to_texts
    assert not (await desk.change(made.id, mode=Mode.MANUAL)).replies_to_texts
    assert (await desk.change(made.id, mode=Mode.HOSTED)).replies_to_texts


async def test_a_stored_token_is_not_taken_over_for_a_repeated_url(desk: Desk) -> None:
    """Whoever changes the servers shows that they know the token."""
    made = await desk.make(mcp_servers=(McpServer(URL, McpAuth(McpAuthType.BEARER, "t0k")),))
    with pytest.raises(ValidationError):
        await desk.change(made.id, mcp_servers=(McpServer(URL, McpAuth(McpAuthType.BEARER)),))


async def test_a_connection_that_is_kept_cannot_be_deleted_meanwhile(desk: Desk) -> None:
    made = await desk.make()
    async with desk.db.tenant(desk.tenant) as tx:
        await connections.get_connection(tx, made.id, keep=True)
        async with desk.db.tenant(desk.tenant) as other:
            await other.run(text("set local lock_timeout = '10ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                await connections.delete_connection(other, made.id, "key:test")
            await other.conn.rollback()
    await desk.delete(made.id)
