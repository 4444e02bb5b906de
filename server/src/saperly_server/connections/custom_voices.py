"""A workspace's own voices: uploaded, made ready, used by connections, deleted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update

from saperly_server.audit import record
from saperly_server.core.db import TenantTx
from saperly_server.core.ids import new_id
from saperly_server.core.pagination import Page, newest_first

from .contracts import NAME_LENGTH, CustomVoice, CustomVoiceDraft
from .errors import CustomVoiceConflict, CustomVoiceNotFound, InvalidVoiceUpload, UnsupportedVoice
from .models import connections, custom_voices
from .rules import is_language_tag
from .samples import Sample

MOST_VOICES = 100
"""Custom voices a workspace may have at once in one environment. Uploads that race may pass it by a few."""

_COLUMNS = tuple(custom_voices.c[name] for name in CustomVoice.__dataclass_fields__)


def _of(tx: TenantTx) -> Select[Any]:
    """Without the sample, which is read by nobody but the network."""
    return select(*_COLUMNS).where(*_mine(tx))


def _mine(tx: TenantTx) -> tuple[Any, ...]:
    return (
        custom_voices.c.workspace_id == tx.tenant.workspace_id,
        custom_voices.c.environment == tx.tenant.environment,
        custom_voices.c.deleted_at.is_(None),
    )


async def create_custom_voice(tx: TenantTx, draft: CustomVoiceDraft, sample: Sample, actor: str) -> CustomVoice:
    """Store an upload whose audio was found to be `sample`. It is `pending` until `activate_pending` has seen it.

    InvalidVoiceUpload for a name or language that cannot be; CustomVoiceConflict when there are `MOST_VOICES` already.
    """
    _check(draft)
    if await tx.scalar(select(func.count()).select_from(custom_voices).where(*_mine(tx))) >= MOST_VOICES:
        raise CustomVoiceConflict("conflict", f"There are {MOST_VOICES} custom voices already; delete one first.")
    row = await tx.one(
        insert(custom_voices)
        .values(
            workspace_id=tx.tenant.workspace_id,
            id=new_id("cv"),
            environment=tx.tenant.environment,
            name=draft.name,
            language=draft.language,
            gender=draft.gender,
            status="pending",
            sample=draft.audio,
            sample_format=sample.format,
            created_at=tx.now,
            updated_at=tx.now,
        )
        .returning(*_COLUMNS)
    )
    assert row is not None
    data = {"name": row.name, "language": row.language, "durationMs": round(sample.duration_sec * 1000)}
    await record(tx, tx.tenant, actor, "custom_voice.created", "custom_voice", row.id, data)
    return _voice(row)


async def get_custom_voice(tx: TenantTx, voice_id: str) -> CustomVoice:
    """CustomVoiceNotFound for an unknown or deleted one."""
    row = await tx.one(_of(tx).where(custom_voices.c.id == voice_id))
    if row is None:
        raise CustomVoiceNotFound(voice_id)
    return _voice(row)


async def list_custom_voices(tx: TenantTx, page: Page) -> list[CustomVoice]:
    """Custom voices of this environment, newest first."""
    return [_voice(row) for row in await tx.all(newest_first(_of(tx), custom_voices.c.id, page))]


async def delete_custom_voice(tx: TenantTx, voice_id: str, actor: str) -> None:
    """Delete a voice and erase its sample. CustomVoiceNotFound, or CustomVoiceConflict while a connection uses it."""
    row = await tx.one(_of(tx).where(custom_voices.c.id == voice_id).with_for_update())
    if row is None:
        raise CustomVoiceNotFound(voice_id)
    users = await _users(tx, voice_id)
    if users:
        raise CustomVoiceConflict("in_use", f"{', '.join(users)} speak with this voice; give them another one first.")
    await tx.run(
        update(custom_voices)
        .where(*_mine(tx), custom_voices.c.id == voice_id)
        .values(deleted_at=tx.now, updated_at=tx.now, sample=b"")
    )
    await record(tx, tx.tenant, actor, "custom_voice.deleted", "custom_voice", voice_id, {"name": row.name})


async def hold_voice(tx: TenantTx, voice_id: str) -> None:
    """Make sure a custom voice is usable and stays so until this transaction ends. UnsupportedVoice otherwise."""
    row = await tx.one(_of(tx).where(custom_voices.c.id == voice_id).with_for_update(read=True))
    if row is None:
        raise UnsupportedVoice("tts.voiceId", voice_id, f"There is no voice {voice_id}.")
    if row.status != "active":
        message = f"The custom voice {voice_id} is {row.status}; only an active one can be used."
        raise UnsupportedVoice("tts.voiceId", voice_id, message)


async def _users(tx: TenantTx, voice_id: str) -> list[str]:
    """A few of the connections that use the voice, by id."""
    rows = await tx.all(
        select(connections.c.id)
        .where(
            connections.c.workspace_id == tx.tenant.workspace_id,
            connections.c.environment == tx.tenant.environment,
            connections.c.deleted_at.is_(None),
            connections.c.tts["voice_id"].astext == voice_id,
        )
        .limit(3)
    )
    return [row.id for row in rows]


def _check(draft: CustomVoiceDraft) -> None:
    if not 1 <= len(draft.name) <= NAME_LENGTH:
        raise InvalidVoiceUpload(f"name has 1 to {NAME_LENGTH} characters.")
    if not is_language_tag(draft.language):
        raise InvalidVoiceUpload("language must be a BCP 47 language tag such as en-US.")
    if draft.gender not in ("male", "female", "neutral"):
        raise InvalidVoiceUpload("gender is male, female or neutral.")


def _voice(row: Row[Any]) -> CustomVoice:
    return CustomVoice(**row._mapping)
