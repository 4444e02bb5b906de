"""What other features and surfaces see of connections, voices and languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

NAME_LENGTH = 120
DISCLOSURE_LENGTH = 500


class Mode(StrEnum):
    """Who is the brain: an assistant in the network, or the customer's own program."""

    HOSTED = "hosted"
    MANUAL = "manual"


class Backend(StrEnum):
    """How a hosted assistant hears and speaks: speech and model in a cascade, or one realtime voice model."""

    NETWORK = "network"
    OPENAI_REALTIME = "openai_realtime"


class LlmKind(StrEnum):
    """A model that the deployment offers, or any OpenAI-compatible one of the customer's own."""

    MANAGED = "managed"
    BYO = "byo"


class McpAuthType(StrEnum):
    """How an MCP server is asked in."""

    BEARER = "bearer"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Llm:
    """A language model. `byo_base_url` and `secret_ref` (the stored key's name) are used when `kind` is byo."""

    kind: LlmKind
    model: str
    byo_base_url: str | None = None
    secret_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Tts:
    """The voice: a slug of the catalogue, or the id of one of the workspace's own voices."""

    voice_id: str


@dataclass(frozen=True, slots=True)
class Stt:
    """The language that is listened for (BCP-47): the other spelling of a connection's `language`."""

    language: str


@dataclass(frozen=True, slots=True)
class BackgroundAudio:
    """What is heard behind the voice: `off`, or `office` at a volume from 0 to 1."""

    type: str
    volume: float | None = None


@dataclass(frozen=True, slots=True)
class McpAuth:
    """`token` is the bearer token where it was asked for, otherwise None; it is sealed at rest and in no answer."""

    type: McpAuthType
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server (streamable HTTP) whose tools a hosted assistant may use; `allowed_tools` None: all of them."""

    url: str
    auth: McpAuth | None = None
    allowed_tools: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where calls may be transferred to (E.164 or `sip:`), and the number shown there (None: the line's own)."""

    targets: tuple[str, ...]
    from_number: str | None = None


@dataclass(frozen=True, slots=True)
class CallControl:
    """What a brain may do with a call besides talking. `transfer` None: it may not transfer."""

    end_call: bool = True
    send_dtmf: bool = True
    transfer: Transfer | None = None


@dataclass(frozen=True, slots=True)
class OpenaiRealtime:
    """The realtime model and voice of the `openai_realtime` backend."""

    model: str
    voice: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """The handler of numbers: who thinks, how it sounds, what it may do.

    `llm` and `tts` None mean the managed defaults (`llm_of`, `voice_of`), `language` None means automatic.
    `disclosure` is the customer's own text, blank for the default (`disclosure_for`). `sms_auto_reply` is what was
    set; whether it is in force is `replies_to_texts`. `manual_secret` is there only where it was asked for.
    """

    id: str
    name: str
    mode: Mode
    backend: Backend
    instructions: str
    llm: Llm | None
    tts: Tts | None
    language: str | None
    background_audio: BackgroundAudio | None
    mcp_servers: tuple[McpServer, ...] | None
    call_control: CallControl
    compliance_enabled: bool
    sms_auto_reply: bool
    recording_enabled: bool
    disclosure: str
    openai_realtime: OpenaiRealtime | None
    manual_webhook_url: str | None
    created_at: datetime
    manual_secret: str | None = field(default=None, repr=False)

    @property
    def stt(self) -> Stt | None:
        return None if self.language is None else Stt(self.language)

    @property
    def replies_to_texts(self) -> bool:
        """Does the model answer inbound texts? A manual connection's own program decides, so there it does not."""
        return self.sms_auto_reply and self.mode is Mode.HOSTED


@dataclass(frozen=True, slots=True)
class ManualDoor:
    """The way in for a connection's own program."""

    mode: Mode
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChange:
    """What to change; None leaves a field as it is. Objects and lists are replaced whole.

    "" clears `language` (automatic again), `manual_webhook_url` and `disclosure` (the default text again).
    """

    name: str | None = None
    mode: Mode | None = None
    backend: Backend | None = None
    instructions: str | None = None
    llm: Llm | None = None
    tts: Tts | None = None
    language: str | None = None
    background_audio: BackgroundAudio | None = None
    mcp_servers: tuple[McpServer, ...] | None = None
    call_control: CallControl | None = None
    compliance_enabled: bool | None = None
    sms_auto_reply: bool | None = None
    recording_enabled: bool | None = None
    disclosure: str | None = None
    openai_realtime: OpenaiRealtime | None = None
    manual_webhook_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDraft(ConnectionChange):
    """A connection to be made: a name, and whatever differs from the defaults."""

    name: str


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the catalogue. `id` is its slug; `languages` has `multi` when it speaks whatever is asked for."""

    id: str
    name: str
    gender: str
    language: str
    accent: str
    description: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the catalogue: BCP-47 primary subtag and English name."""

    code: str
    name: str

    @property
    def id(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class CustomVoiceDraft:
    """An uploaded voice: the bytes of the sample and what its maker says about it."""

    name: str
    language: str
    gender: str
    audio: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CustomVoice:
    """A workspace's own voice. It can be used when `status` is active."""

    id: str
    name: str
    language: str
    gender: str
    status: str
    failure_reason: str | None
    created_at: datetime
    updated_at: datetime
