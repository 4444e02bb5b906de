"""`/voices`, `/custom-voices`, `/languages`: what a connection can speak with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Header, Query, Request, UploadFile
from pydantic import AfterValidator
from starlette.responses import Response

from saperly_server import connections
from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, ResponseBody, clean
from saperly_server.api.http.idempotent import KEY_SCHEMA, Idempotent, Write
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.services import services_of
from saperly_server.connections import (
    MOST_BYTES,
    CustomVoice,
    CustomVoiceConflict,
    CustomVoiceDraft,
    CustomVoiceNotFound,
    InvalidVoiceUpload,
)
from saperly_server.core.errors import UpstreamError, ValidationError
from saperly_server.idempotency import IdempotencyConflict, IdempotencyKeyMismatch
from saperly_server.identity import Caller, Scope

router = APIRouter()

Reader = Annotated[Caller, needs(Scope.READ, Scope.CONNECTIONS_READ)]
Writer = Annotated[Caller, needs(Scope.CONNECTIONS_WRITE)]
Gender = Literal["male", "female", "neutral"]
FormText = Annotated[str, Form(min_length=1, max_length=400), AfterValidator(clean)]

_VOICE_ERRORS = (CustomVoiceNotFound, CustomVoiceConflict, InvalidVoiceUpload, UpstreamError)


class VoiceBody(ResponseBody):
    """A voice of the catalogue: `id` is what `tts.voiceId` takes."""

    id: str
    name: str
    gender: str
    language: str


class LanguageBody(ResponseBody):
    """A language of the catalogue: BCP-47 primary subtag and English name."""

    code: str
    name: str


class CustomVoiceBody(ResponseBody):
    """One of the workspace's own voices. Poll it until `status` is `active`."""

    id: str
    name: str
    language: str
    gender: Gender
    status: Literal["pending", "active", "failed", "expired"]
    failure_reason: str | None
    deletion_pending: bool | None = False
    created_at: Instant
    updated_at: Instant


class VoiceDeleted(ResponseBody):
    """The voice and its sample are gone."""

    status: Literal["deleted"] = "deleted"


def _body(voice: CustomVoice) -> CustomVoiceBody:
    return CustomVoiceBody.model_validate(voice, from_attributes=True)


@router.get(
    "/voices",
    operation_id="voices.list",
    summary="List the voices of the catalogue",
    tags=["voices"],
    response_model=list[VoiceBody],
    responses=errors(*_VOICE_ERRORS),
)
async def list_voices(
    request: Request,
    caller: Reader,
    page: PageQuery,
    language: Annotated[
        str | None, Query(max_length=64, description="BCP-47, in any case: `en` finds `en-GB` too.")
    ] = None,
) -> Response:
    return listing(request, page, connections.list_voices(page, language), VoiceBody)


@router.get(
    "/languages",
    operation_id="languages.list",
    summary="List the languages of the catalogue, the most supported first",
    tags=["languages"],
    response_model=list[LanguageBody],
    responses=errors(),
)
async def list_languages(request: Request, caller: Reader, page: PageQuery) -> Response:
    return listing(request, page, connections.list_languages(page), LanguageBody)


@router.get(
    "/custom-voices",
    operation_id="customVoices.list",
    summary="List your own voices",
    tags=["customVoices"],
    response_model=list[CustomVoiceBody],
    responses=errors(*_VOICE_ERRORS),
)
async def list_custom_voices(request: Request, caller: Reader, page: PageQuery) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        rows = await connections.list_custom_voices(tx, page)
    return listing(request, page, rows, CustomVoiceBody)


@router.get(
    "/custom-voices/{id}",
    operation_id="customVoices.get",
    summary="Read one of your own voices",
    tags=["customVoices"],
    responses=errors(*_VOICE_ERRORS),
)
async def get_custom_voice(request: Request, id: str, caller: Reader) -> CustomVoiceBody:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        return _body(await connections.get_custom_voice(tx, id))


@router.post(
    "/custom-voices",
    operation_id="customVoices.create",
    summary="Upload a voice of your own",
    tags=["customVoices"],
    status_code=202,
    response_model=CustomVoiceBody,
    responses=errors(*_VOICE_ERRORS),
)
async def create_custom_voice(
    request: Request,
    caller: Writer,
    name: FormText,
    language: FormText,
    gender: Annotated[Gender, Form()],
    audio: Annotated[
        UploadFile, File(description="At most 10 seconds and 5 MB of speech: WAV, MP3, FLAC, OGG or M4A.")
    ],
    idempotency_key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            description="Required. The upload is safe to retry for 24 hours.",
            json_schema_extra=KEY_SCHEMA,
        ),
    ],
) -> Response:
    """Answers before the voice is ready. An upload whose key runs or was used for another one gets this route's errors."""
    await _refuse_unknown_fields(request)
    draft = CustomVoiceDraft(name, language, gender, await audio.read(MOST_BYTES + 1))
    sample = connections.inspect(draft.audio)
    write = Write(services_of(request).db, request, idempotency_key, _fingerprint(draft))
    with _in_words_of_voices():
        return await write.run(
            caller,
            lambda tx: connections.create_custom_voice(tx, draft, sample, caller.actor),
            _body,
            status=202,
        )


@router.delete(
    "/custom-voices/{id}",
    operation_id="customVoices.delete",
    summary="Delete one of your own voices and its sample",
    tags=["customVoices"],
    response_model=VoiceDeleted,
    responses=errors(*_VOICE_ERRORS, idempotent=True),
)
async def delete_custom_voice(id: str, caller: Writer, write: Idempotent) -> Response:
    return await write.run(
        caller, lambda tx: connections.delete_custom_voice(tx, id, caller.actor), lambda _: VoiceDeleted()
    )


async def _refuse_unknown_fields(request: Request) -> None:
    unknown = sorted(set(await request.form()) - {"name", "language", "gender", "audio"})
    if unknown:
        issues = [{"path": field, "message": "Extra inputs are not permitted"} for field in unknown]
        raise ValidationError(f"{unknown[0]}: {issues[0]['message']}", issues)


def _fingerprint(draft: CustomVoiceDraft) -> dict[str, Any]:
    """Of what was uploaded: a retry has another multipart boundary, so its bytes differ."""
    fields = {"name": draft.name, "language": draft.language, "gender": draft.gender}
    return {"path": "/custom-voices", "query": [], "body": {**fields, "audio": sha256(draft.audio).hexdigest()}}


@contextmanager
def _in_words_of_voices() -> Iterator[None]:
    """This route declares its own errors for its key: the statuses are those of every other route."""
    try:
        yield
    except IdempotencyConflict as error:
        raise CustomVoiceConflict("conflict", error.message) from error
    except IdempotencyKeyMismatch as error:
        raise InvalidVoiceUpload(error.message) from error
