"""`/connections` on the wire."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from .conftest import Stage

FIELDS = {
    "id",
    "name",
    "mode",
    "backend",
    "instructions",
    "llm",
    "tts",
    "stt",
    "language",
    "backgroundAudio",
    "mcpServers",
    "callControl",
    "complianceEnabled",
    "smsAutoReply",
    "disclosure",
    "recordingEnabled",
    "openaiRealtime",
    "manualSecret",
    "manualWebhookUrl",
    "createdAt",
}
DEFAULT_DISCLOSURE = "This is an automated AI assistant for Acme. This call may be transcribed."


async def made(stage: Stage, **fields: Any) -> Any:
    response = await stage.post("/connections", {"name": "support", **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def patched(stage: Stage, connection: Any, **fields: Any) -> Any:
    response = await stage.client.patch(f"/connections/{connection['id']}", json=fields)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(stage: Stage, body: dict[str, Any], status: int, tag: str) -> Any:
    """The same refusal on create and on change."""
    created = await stage.post("/connections", {"name": "support", **body})
    connection = await made(stage)
    changed = await stage.client.patch(f"/connections/{connection['id']}", json=body)
    for response in (created, changed):
        assert (response.status_code, response.json()["_tag"]) == (status, tag), response.text
    return created.json()


async def client_of(stage: Stage, *scopes: str) -> httpx.AsyncClient:
    grant = {"name": "child", "grant": {"scopes": list(scopes)}}
    return stage.client_with((await stage.post("/api-tokens", grant)).json()["key"])


async def test_a_new_connection_shows_every_field_with_its_default(stage: Stage) -> None:
    connection = await made(stage)
    assert set(connection) == FIELDS
    assert connection | {"id": "", "createdAt": ""} == {
        "id": "",
        "name": "support",
        "mode": "hosted",
        "backend": "network",
        "instructions": "",
        "llm": None,
        "tts": None,
        "stt": None,
        "language": None,
        "backgroundAudio": None,
        "mcpServers": None,
        "callControl": {"endCall": True, "sendDtmf": True, "transfer": None},
        "complianceEnabled": True,
        "smsAutoReply": False,
        "disclosure": DEFAULT_DISCLOSURE,
        "recordingEnabled": False,
        "openaiRealtime": None,
        "manualSecret": None,
        "manualWebhookUrl": None,
        "createdAt": "",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", connection["createdAt"])


async def test_everything_that_is_sent_is_read_again(stage: Stage) -> None:
    sent = {
        "name": "sales",
        "mode": "manual",
        "instructions": "You are kind.",
        "llm": {"kind": "byo", "model": "llama", "byoBaseUrl": "https://llm.example.com/v1", "secretRef": "secret_1"},
        "language": "pt-BR",
        "backgroundAudio": {"type": "office", "volume": 0.3},
        "mcpServers": [{"url": "https://mcp.example.com", "auth": {"type": "none"}, "allowedTools": ["lookup"]}],
        "callControl": {
            "endCall": False,
            "sendDtmf": False,
            "transfer": {"targets": ["+15555550123", "sip:desk@sip.example.com"], "from": "+15555550100"},
        },
        "complianceEnabled": False,
        "smsAutoReply": False,
        "disclosure": "An AI speaks.",
        "recordingEnabled": True,
        "openaiRealtime": {"model": "gpt-realtime", "voice": "verse"},
        "manualWebhookUrl": "https://example.com/brain",
    }
    connection = await made(stage, **sent, tts={"voiceId": "atlas", "provider": None})
    assert {name: connection[name] for name in sent} == sent
    assert connection["tts"] == {"voiceId": "atlas"}
    assert connection["stt"] == {"language": "pt-BR"}
    assert await stage.get(f"/connections/{connection['id']}") == connection
    assert await stage.get("/connections") == [connection]
    assert await stage.get("/v2/connections") == [connection]


async def test_null_is_the_same_as_nothing(stage: Stage) -> None:
    nothing = dict.fromkeys(FIELDS - {"id", "name", "createdAt", "manualSecret"})
    connection = await made(stage, **nothing)
    assert connection["callControl"]["endCall"] is True
    kept = await made(stage, instructions="Be brief.", language="de", disclosure="An AI.", tts={"voiceId": "lena"})
    assert await patched(stage, kept, **nothing, name=None) == kept
    assert await patched(stage, kept) == kept


async def test_nested_nulls_are_the_defaults(stage: Stage) -> None:
    control = {"endCall": None, "sendDtmf": None, "transfer": None}
    server = {"url": "https://mcp.example.com", "auth": None, "allowedTools": None}
    llm = {"kind": "managed", "model": "openai/gpt-4o", "byoBaseUrl": None, "secretRef": None}
    connection = await made(stage, callControl=control, mcpServers=[server], llm=llm)
    assert connection["callControl"] == {"endCall": True, "sendDtmf": True, "transfer": None}
    assert connection["mcpServers"] == [server]
    assert connection["llm"] == llm


async def test_language_and_stt_are_two_spellings_of_one_field(stage: Stage) -> None:
    connection = await made(stage, stt={"language": "en-GB"})
    assert (connection["stt"], connection["language"]) == ({"language": "en-GB"}, "en-GB")
    both = await patched(stage, connection, stt={"language": "de"}, language="de")
    assert both["language"] == "de"
    cleared = await patched(stage, connection, language="")
    assert (cleared["stt"], cleared["language"]) == (None, None)


async def test_contradicting_languages_are_refused(stage: Stage) -> None:
    error = await refused(stage, {"language": "de", "stt": {"language": "en"}}, 400, "ValidationError")
    assert error["issues"][0]["path"] == "stt.language"


async def test_blanks_clear_what_can_be_cleared(stage: Stage) -> None:
    connection = await made(stage, language="de", manualWebhookUrl="https://example.com/b", disclosure="An AI.")
    cleared = await patched(stage, connection, language="", manualWebhookUrl="", disclosure=" ", mcpServers=[])
    assert (cleared["language"], cleared["manualWebhookUrl"]) == (None, None)
    assert cleared["disclosure"] == DEFAULT_DISCLOSURE
    assert cleared["mcpServers"] == []


async def test_the_own_disclosure_is_shown_and_nothing_is_filled_in_when_compliance_is_off(stage: Stage) -> None:
    assert (await made(stage, disclosure="You are speaking with an AI."))[
        "disclosure"
    ] == "You are speaking with an AI."
    assert (await made(stage, complianceEnabled=False))["disclosure"] == ""


async def test_a_manual_connection_shows_its_secret_on_create_read_and_change(stage: Stage) -> None:
    connection = await made(stage, mode="manual")
    secret = connection["manualSecret"]
    assert re.fullmatch(r"mc_[0-9a-f]{64}", secret)
    assert (await stage.get(f"/connections/{connection['id']}"))["manualSecret"] == secret
    assert (await stage.get("/connections"))[0]["manualSecret"] == secret
    assert (await patched(stage, connection, mode="hosted"))["manualSecret"] == secret
    assert (await patched(stage, connection, mode="manual"))["manualSecret"] == secret


async def test_a_hosted_connection_gets_its_secret_with_the_first_switch(stage: Stage) -> None:
    connection = await made(stage)
    switched = await patched(stage, connection, mode="manual")
    assert switched["manualSecret"].startswith("mc_")
    assert await patched(stage, connection, mode="manual") == switched


async def test_a_key_that_may_only_read_sees_no_secret(stage: Stage) -> None:
    connection = await made(stage, mode="manual")
    async with await client_of(stage, "connections:read") as reader:
        assert (await reader.get(f"/connections/{connection['id']}")).json()["manualSecret"] is None
        assert (await reader.get("/connections")).json()[0]["manualSecret"] is None


async def test_reading_and_writing_need_their_scopes(stage: Stage) -> None:
    connection = await made(stage)
    path = f"/connections/{connection['id']}"
    async with await client_of(stage, "connections:read") as reader, await client_of(stage, "numbers:read") as other:
        for response in (
            await reader.post("/connections", json={"name": "x"}),
            await reader.patch(path, json={"name": "x"}),
            await reader.delete(path),
            await other.get("/connections"),
            await other.get(path),
        ):
            assert (response.status_code, response.json()["_tag"]) == (403, "AuthorizationDenied")
    async with stage.client_with(None) as nobody:
        assert (await nobody.get("/connections")).status_code == 401


async def test_an_mcp_token_is_never_shown(stage: Stage) -> None:
    server = {"url": "https://mcp.example.com", "auth": {"type": "bearer", "token": "very-secret-token"}}
    connection = await made(stage, mcpServers=[server])
    changed = await patched(stage, connection, mcpServers=[server, server])
    assert connection["mcpServers"] == [{"url": server["url"], "auth": {"type": "bearer"}, "allowedTools": None}]
    read = await stage.client.get("/connections")
    assert "very-secret-token" not in f"{connection}{changed}{read.text}"


async def test_a_bearer_server_needs_its_token_each_time(stage: Stage) -> None:
    server = {"url": "https://mcp.example.com", "auth": {"type": "bearer"}}
    error = await refused(stage, {"mcpServers": [server]}, 400, "ValidationError")
    assert error["issues"][0]["path"] == "mcpServers.0.auth.token"


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"name": "x" * 121}, "name"),
    ({"mode": "robot"}, "mode"),
    ({"backend": "carrier"}, "backend"),
    ({"surprise": 1}, "surprise"),
    ({"id": "conn_1"}, "id"),
    ({"manualSecret": "mc_1"}, "manualSecret"),
    ({"createdAt": "2026-01-01T00:00:00Z"}, "createdAt"),
    ({"instructions": 1}, "instructions"),
    ({"instructions": "a\u0000b"}, "body"),
    ({"complianceEnabled": "yes"}, "complianceEnabled"),
    ({"llm": {"kind": "managed"}}, "llm.model"),
    ({"llm": {"kind": "own", "model": "x"}}, "llm.kind"),
    ({"llm": {"kind": "byo", "model": "x"}}, "llm.byoBaseUrl"),
    ({"llm": {"kind": "managed", "model": "openai/gpt-4o", "temperature": 1}}, "llm.temperature"),
    ({"tts": {}}, "tts.voiceId"),
    ({"tts": {"voiceId": "aria", "speed": 2}}, "tts.speed"),
    ({"language": "en_US"}, "language"),
    ({"stt": {"language": "!"}}, "language"),
    ({"backgroundAudio": {"type": "office", "volume": "loud"}}, "backgroundAudio.volume"),
    ({"mcpServers": {}}, "mcpServers"),
    ({"mcpServers": [{}]}, "mcpServers.0.url"),
    ({"mcpServers": [{"url": "http://mcp.example.com"}]}, "mcpServers.0.url"),
    ({"callControl": {"transfer": {"targets": ["911"]}}}, "callControl.transfer.targets.0"),
    ({"callControl": {"transfer": {"targets": ["sip:a@10.0.0.1"]}}}, "callControl.transfer.targets.0"),
    ({"callControl": {"transfer": {"targets": ["sip:a@b.example.com?Route=x"]}}}, "callControl.transfer.targets.0"),
    ({"callControl": {"transfer": {"targets": ["+15555550123"], "from": "12"}}}, "callControl.transfer.from"),
    ({"disclosure": "x" * 501}, "disclosure"),
    ({"mode": "manual", "smsAutoReply": True}, "smsAutoReply"),
    ({"openaiRealtime": {"voice": "verse"}}, "openaiRealtime.model"),
    ({"manualWebhookUrl": "http://example.com"}, "manualWebhookUrl"),
]


async def test_what_is_not_of_the_documented_form_is_refused_by_field(stage: Stage) -> None:
    for body, path in MALFORMED:
        error = await refused(stage, body, 400, "ValidationError")
        assert path in [issue["path"] for issue in error["issues"]], (body, error)


async def test_a_name_is_required_on_create_and_cannot_be_blanked(stage: Stage) -> None:
    for body in ({}, {"name": None}, {"name": ""}):
        assert (await stage.post("/connections", body)).status_code == 400
    connection = await made(stage)
    response = await stage.client.patch(f"/connections/{connection['id']}", json={"name": ""})
    assert response.status_code == 400


async def test_an_unmanaged_model_is_refused(stage: Stage) -> None:
    error = await refused(stage, {"llm": {"kind": "managed", "model": "acme/one"}}, 422, "UnsupportedModel")
    assert (error["field"], error["model"]) == ("llm.model", "acme/one")


async def test_the_realtime_backend_is_refused(stage: Stage) -> None:
    error = await refused(stage, {"backend": "openai_realtime"}, 422, "UnsupportedModel")
    assert (error["field"], error["model"]) == ("backend", "openai_realtime")


async def test_an_unknown_voice_is_refused(stage: Stage) -> None:
    error = await refused(stage, {"tts": {"voiceId": "nobody"}}, 422, "UnsupportedVoice")
    assert (error["field"], error["voice"]) == ("tts.voiceId", "nobody")


@pytest.mark.parametrize(
    "audio",
    ['{"type": "cafe"}', '{"type": "office"}', '{"type": "office", "volume": 1.5}', '{"type":"office","volume":NaN}'],
)
async def test_background_audio_that_cannot_be_played_is_refused(stage: Stage, audio: str) -> None:
    content = f'{{"name": "x", "backgroundAudio": {audio}}}'
    headers = {"content-type": "application/json"}
    response = await stage.client.post("/connections", content=content, headers=headers)
    assert (response.status_code, response.json()["_tag"]) == (422, "AudioConfigurationError"), response.text


async def test_background_audio_can_be_switched_off(stage: Stage) -> None:
    connection = await made(stage, backgroundAudio={"type": "office", "volume": 1})
    assert (await patched(stage, connection, backgroundAudio={"type": "off"}))["backgroundAudio"] == {"type": "off"}


async def test_a_transfer_without_targets_is_off(stage: Stage) -> None:
    connection = await made(stage, callControl={"transfer": {"targets": []}})
    assert connection["callControl"]["transfer"] is None


async def test_auto_replies_rest_while_a_connection_is_manual(stage: Stage) -> None:
    connection = await made(stage, smsAutoReply=True)
    assert connection["smsAutoReply"] is True
    assert (await patched(stage, connection, mode="manual"))["smsAutoReply"] is False
    assert (await patched(stage, connection, mode="hosted"))["smsAutoReply"] is True


async def test_development_admits_urls_of_this_machine(stage: Stage) -> None:
    connection = await made(stage, manualWebhookUrl="http://localhost:3000/brain")
    assert connection["manualWebhookUrl"] == "http://localhost:3000/brain"


async def test_an_unknown_connection_is_not_found(stage: Stage) -> None:
    for response in (
        await stage.client.get("/connections/conn_x"),
        await stage.client.patch("/connections/conn_x", json={}),
        await stage.client.delete("/connections/conn_x"),
    ):
        assert response.status_code == 404
        assert (response.json()["_tag"], response.json()["id"]) == ("ConnectionNotFound", "conn_x")


async def test_deleting_a_bound_connection_leaves_its_number_without_a_handler(stage: Stage) -> None:
    number = await stage.line()
    path = f"/connections/{number['connectionId']}"
    deleted = await stage.client.delete(path)
    assert (deleted.status_code, deleted.json()) == (200, {"status": "deleted"})
    assert (await stage.get(f"/numbers/{number['id']}"))["connectionId"] is None
    assert (await stage.client.get(path)).status_code == 404
    assert (await stage.client.delete(path)).status_code == 404
    assert await stage.get("/connections") == []


async def test_pages_walk_over_every_connection_once(stage: Stage) -> None:
    ids = {(await made(stage, name=f"c{place}"))["id"] for place in range(5)}
    seen: list[str] = []
    path: str | None = "/connections?limit=2"
    while path:
        response = await stage.client.get(path)
        seen += [one["id"] for one in response.json()]
        link = response.headers.get("link")
        path = re.findall(r"<(.*)>", link)[0] if link else None
    assert len(seen) == 5
    assert set(seen) == ids


async def test_a_repeated_create_answers_the_same_and_makes_one_connection(stage: Stage) -> None:
    body = {"name": "support", "mode": "manual"}
    first = await stage.client.post("/connections", json=body, headers={"Idempotency-Key": "k-1"})
    again = await stage.client.post("/v2/connections", json=body, headers={"Idempotency-Key": "k-1"})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.json()["manualSecret"].startswith("mc_")
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await stage.get("/connections")) == 1
    other = await stage.client.post("/connections", json={"name": "other"}, headers={"Idempotency-Key": "k-1"})
    assert (other.status_code, other.json()["_tag"]) == (422, "IdempotencyKeyMismatch")


async def test_a_repeated_switch_answers_the_same(stage: Stage) -> None:
    connection = await made(stage)
    answers = [
        await stage.client.patch(
            f"/connections/{connection['id']}", json={"mode": "manual"}, headers={"Idempotency-Key": "k-2"}
        )
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content


async def test_a_remembered_answer_keeps_the_secret_sealed(stage: Stage) -> None:
    made_ = await stage.client.post(
        "/connections", json={"name": "x", "mode": "manual"}, headers={"Idempotency-Key": "k-3"}
    )
    async with stage.process.services.db.raw() as conn:
        kept = await conn.fetchval("select body from idempotency_records where idempotency_key = 'k-3'")
    assert made_.json()["id"].encode() in kept
    assert made_.json()["manualSecret"].encode() not in kept
