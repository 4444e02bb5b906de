"""`/voices`, `/custom-voices` and `/languages` on the wire."""

from __future__ import annotations

import asyncio
import io
import uuid
import wave
from typing import Any

import httpx
import pytest

from .conftest import Stage


def wav(seconds: float, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * int(rate * seconds)))
    return file.getvalue()


FORM = {"name": "Ana", "language": "es-MX", "gender": "female"}


async def upload(
    stage: Stage,
    audio: bytes | None = None,
    *,
    key: str | None = "",
    client: httpx.AsyncClient | None = None,
    path: str = "/custom-voices",
    **form: str,
) -> httpx.Response:
    """A multipart upload; its boundary is another one each time. `key` None sends no Idempotency-Key."""
    headers = {} if key is None else {"Idempotency-Key": key or str(uuid.uuid4())}
    files = {"audio": ("voice.exe", wav(1) if audio is None else audio, "application/x-msdownload")}
    return await (client or stage.client).post(path, data={**FORM, **form}, files=files, headers=headers)


async def active_voice(stage: Stage) -> Any:
    voice = (await upload(stage)).json()
    await stage.clock.advance(3)
    return await stage.get(f"/custom-voices/{voice['id']}")


async def client_of(stage: Stage, *scopes: str) -> httpx.AsyncClient:
    grant = {"name": "child", "grant": {"scopes": list(scopes)}}
    return stage.client_with((await stage.post("/api-tokens", grant)).json()["key"])


async def test_the_catalogue_shows_four_facts_of_each_voice(stage: Stage) -> None:
    voices = await stage.get("/voices")
    assert voices[0] == {"id": "aria", "name": "Aria", "gender": "female", "language": "en-US"}
    assert len(voices) >= 14
    assert all(set(voice) == {"id", "name", "gender", "language"} for voice in voices)
    assert await stage.get("/v2/voices") == voices


@pytest.mark.parametrize(("range_", "languages"), [("EN-gb", {"en-GB"}), ("he", {"he-IL"}), ("zz", set())])
async def test_voices_are_filtered_by_language_in_any_case(stage: Stage, range_: str, languages: set[str]) -> None:
    voices = await stage.get("/voices", language=range_)
    assert {voice["language"] for voice in voices} == languages


async def test_languages_are_listed_most_supported_first(stage: Stage) -> None:
    languages = await stage.get("/languages")
    assert languages[0] == {"code": "en", "name": "English"}
    assert len(languages) == len({one["code"] for one in languages})


async def test_long_lists_name_their_next_page(stage: Stage) -> None:
    for path in ("/voices", "/languages"):
        first = await stage.client.get(path, params={"limit": 2})
        following = first.headers["link"].split(">")[0].strip("<")
        assert (await stage.client.get(following)).json() == (await stage.get(path))[2:4]


async def test_an_upload_is_pending_and_then_active(stage: Stage) -> None:
    response = await upload(stage)
    assert response.status_code == 202, response.text
    voice = response.json()
    assert voice["id"].startswith("cv_")
    assert {name: voice[name] for name in FORM} == FORM
    assert (voice["status"], voice["failureReason"], voice["deletionPending"]) == ("pending", None, False)
    assert set(voice) == {*FORM, "id", "status", "failureReason", "deletionPending", "createdAt", "updatedAt"}
    await stage.clock.advance(3)
    ready = await stage.get(f"/custom-voices/{voice['id']}")
    assert ready["status"] == "active"
    assert ready["updatedAt"] > voice["updatedAt"]
    assert await stage.get("/custom-voices") == [ready]


async def test_a_connection_can_speak_with_it_once_it_is_active(stage: Stage) -> None:
    voice = (await upload(stage)).json()
    body = {"name": "support", "tts": {"voiceId": voice["id"]}}
    early = await stage.client.post("/connections", json=body)
    assert (early.status_code, early.json()["_tag"]) == (422, "UnsupportedVoice")
    assert "pending" in early.json()["message"]
    await stage.clock.advance(3)
    assert (await stage.post("/connections", body)).status_code == 201


async def test_a_voice_in_use_is_not_deleted(stage: Stage) -> None:
    voice = await active_voice(stage)
    connection = (await stage.post("/connections", {"name": "x", "tts": {"voiceId": voice["id"]}})).json()
    path = f"/custom-voices/{voice['id']}"
    kept = await stage.client.delete(path)
    assert (kept.status_code, kept.json()["_tag"], kept.json()["code"]) == (409, "CustomVoiceConflict", "in_use")
    await stage.client.delete(f"/connections/{connection['id']}")
    deleted = await stage.client.delete(path)
    assert (deleted.status_code, deleted.json()) == (200, {"status": "deleted"})
    assert await stage.get("/custom-voices") == []


async def test_an_unknown_voice_is_not_found(stage: Stage) -> None:
    for response in (await stage.client.get("/custom-voices/cv_x"), await stage.client.delete("/custom-voices/cv_x")):
        assert (response.status_code, response.json()["_tag"]) == (404, "CustomVoiceNotFound")
        assert "cv_x" in response.json()["message"]


async def test_an_upload_needs_an_idempotency_key(stage: Stage) -> None:
    response = await upload(stage, key=None)
    assert (response.status_code, response.json()["_tag"]) == (400, "ValidationError")
    assert response.json()["issues"][0]["path"] == "Idempotency-Key"


async def test_a_retry_with_another_boundary_gets_the_first_answer(stage: Stage) -> None:
    first = await upload(stage, key="k-1")
    again = await upload(stage, key="k-1", path="/v2/custom-voices")
    assert first.content == again.content
    assert again.status_code == 202
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await stage.get("/custom-voices")) == 1


@pytest.mark.parametrize(("audio", "name"), [(wav(2), "Ana"), (wav(1), "Bea")])
async def test_a_key_that_was_used_for_another_upload_is_refused(stage: Stage, audio: bytes, name: str) -> None:
    await upload(stage, wav(1), key="k-1")
    response = await upload(stage, audio, key="k-1", name=name)
    assert (response.status_code, response.json()["_tag"]) == (422, "InvalidVoiceUpload")
    assert "Idempotency-Key" in response.json()["message"]


async def test_an_unusable_key_is_refused(stage: Stage) -> None:
    response = await upload(stage, key="x" * 256)
    assert (response.status_code, response.json()["_tag"]) == (422, "InvalidVoiceUpload")


async def test_uploads_that_race_with_one_key_make_one_voice(stage: Stage) -> None:
    answers = await asyncio.gather(*(upload(stage, key="k-1") for _ in range(4)))
    assert {response.status_code for response in answers} <= {202, 409}
    assert all(one.json()["code"] == "conflict" for one in answers if one.status_code == 409)
    assert len({one.json()["id"] for one in answers if one.status_code == 202}) == 1
    assert len(await stage.get("/custom-voices")) == 1


@pytest.mark.parametrize("audio", [b"", b"hello", wav(11), b"\x89PNG\r\n\x1a\n" + bytes(99)])
async def test_what_is_not_a_short_sample_is_refused(stage: Stage, audio: bytes) -> None:
    response = await upload(stage, audio)
    assert (response.status_code, response.json()["_tag"]) == (422, "InvalidVoiceUpload")
    assert response.json()["message"]
    assert await stage.get("/custom-voices") == []


async def test_a_sample_may_have_five_megabytes_and_no_more(stage: Stage) -> None:
    """Ten seconds of 24-bit stereo at 88.2 kHz are just above five megabytes."""
    large = wav(9.9, rate=260_000)
    assert 5_000_000 < len(large) < 5 * 1024 * 1024
    assert (await upload(stage, large)).status_code == 202
    refused = await upload(stage, bytes(5 * 1024 * 1024 + 1))
    assert (refused.status_code, refused.json()["_tag"]) == (422, "InvalidVoiceUpload")
    unread = await upload(stage, bytes(6 * 1024 * 1024))
    assert (unread.status_code, unread.json()["_tag"]) == (413, "PayloadTooLarge")


async def test_other_routes_still_read_one_megabyte_at_most(stage: Stage) -> None:
    response = await stage.client.post("/connections", json={"name": "x", "instructions": "y" * 2_000_000})
    assert (response.status_code, response.json()["_tag"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "a\x00b"}, 400),
        ({"name": "x" * 121}, 422),
        ({"language": "en_US"}, 422),
        ({"gender": "robot"}, 400),
        ({"surprise": "1"}, 400),
    ],
)
async def test_a_badly_described_voice_is_refused(stage: Stage, form: dict[str, str], status: int) -> None:
    response = await upload(stage, **form)  # type: ignore[arg-type]
    assert response.status_code == status, response.text
    tag = "ValidationError" if status == 400 else "InvalidVoiceUpload"
    assert response.json()["_tag"] == tag


async def test_a_body_that_is_no_form_is_refused(stage: Stage) -> None:
    headers = {"Idempotency-Key": "k-1"}
    bodies: list[dict[str, Any]] = [
        {"json": FORM},
        {"data": {**FORM, "audio": "text"}},
        {"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"", "headers": {"content-type": "multipart/form-data"}},
    ]
    for kwargs in bodies:
        sent = {**headers, **kwargs.pop("headers", {})}
        response = await stage.client.post("/custom-voices", headers=sent, **kwargs)
        assert (response.status_code, response.json()["_tag"]) == (400, "ValidationError"), response.text


async def test_scopes_decide_who_reads_and_who_uploads(stage: Stage) -> None:
    for scope in ("read", "connections:read"):
        async with await client_of(stage, scope) as reader:
            for path in ("/voices", "/languages", "/custom-voices"):
                assert (await reader.get(path)).status_code == 200
            refused = await upload(stage, client=reader)
            assert (refused.status_code, refused.json()["_tag"]) == (403, "AuthorizationDenied")
            assert (await reader.delete("/custom-voices/cv_x")).status_code == 403
    async with await client_of(stage, "numbers:read") as other:
        assert (await other.get("/voices")).status_code == 403
    async with stage.client_with(None) as nobody:
        assert (await nobody.get("/voices")).status_code == 401


async def test_a_repeated_delete_answers_the_same(stage: Stage) -> None:
    voice = (await upload(stage)).json()
    headers = {"Idempotency-Key": "k-9"}
    answers = [await stage.client.delete(f"/custom-voices/{voice['id']}", headers=headers) for _ in range(2)]
    assert [one.json() for one in answers] == [{"status": "deleted"}] * 2


async def test_the_document_describes_the_upload(stage: Stage) -> None:
    document = await stage.get("/openapi.json")
    operation = document["paths"]["/custom-voices"]["post"]
    assert list(operation["requestBody"]["content"]) == ["multipart/form-data"]
    key = next(one for one in operation["parameters"] if one["name"] == "Idempotency-Key")
    assert key["required"] is True
    assert {"401", "403", "404", "409", "422", "429", "500", "502"} <= set(operation["responses"])
