"""What `/connections` takes and gives: its request and response bodies, and their translation into the feature's words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from saperly_server import connections
from saperly_server.api.http.body import Instant, PhoneNumber, RequestBody, ResponseBody, example
from saperly_server.compliance import sip_target
from saperly_server.connections import DISCLOSURE_LENGTH, NAME_LENGTH, ConnectionChange, ConnectionDraft
from saperly_server.core.errors import ValidationError
from saperly_server.core.phone import parse_e164


def _target(value: str) -> str:
    """A place to transfer to, as it was written: a number, or a SIP address that leads to a public host."""
    if value.lower().startswith(("sip:", "sips:")):
        sip_target(value)
        return value
    return parse_e164(value)


Mode = Literal["hosted", "manual"]
Backend = Literal["network", "openai_realtime"]
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Url = Annotated[str, Field(max_length=2048)]
Target = Annotated[str, Field(max_length=400), AfterValidator(_target)]


class LlmWish(RequestBody):
    """`managed`: a model the deployment offers. `byo`: your own, OpenAI-compatible, at `byoBaseUrl`."""

    kind: Literal["managed", "byo"]
    model: Word
    byo_base_url: Url | None = None
    secret_ref: Word | None = None


class TtsWish(RequestBody):
    """A voice of `GET /voices` or an active one of `GET /custom-voices`; the id alone decides, `provider` is ignored."""

    voice_id: Word
    provider: Word | None = None


class SttWish(RequestBody):
    """The same as `language`."""

    language: Annotated[str, Field(max_length=64)]


class BackgroundAudioWish(RequestBody):
    type: Annotated[str, Field(max_length=40, json_schema_extra={"enum": ["off", "office"]})]
    volume: Annotated[float, Field(json_schema_extra={"minimum": 0, "maximum": 1})] | None = None


class McpAuthWish(RequestBody):
    """`token` is required for `bearer`. It is stored encrypted, never shown, and sent again with every change."""

    type: Literal["bearer", "none"]
    token: Annotated[str, Field(max_length=8192)] | None = None


class McpServerWish(RequestBody):
    url: Annotated[Url, Field(min_length=1)]
    auth: McpAuthWish | None = None
    allowed_tools: Annotated[list[Word], Field(max_length=500)] | None = None


class TransferWish(RequestBody):
    """Off without a target."""

    targets: Annotated[list[Target], Field(max_length=100)]
    from_number: Annotated[PhoneNumber | None, Field(alias="from")] = None


class CallControlWish(RequestBody):
    end_call: bool | None = None
    send_dtmf: bool | None = None
    transfer: TransferWish | None = None


class OpenaiRealtimeWish(RequestBody):
    model: Word
    voice: Word | None = None


class ConnectionFields(RequestBody):
    """Every field may be left out or null, which means the same. Objects and lists are replaced whole."""

    mode: Mode | None = None
    backend: Backend | None = None
    instructions: str | None = None
    llm: LlmWish | None = None
    tts: TtsWish | None = None
    stt: SttWish | None = None
    language: Annotated[str, Field(max_length=64, description='BCP 47; "" for automatic.')] | None = None
    background_audio: BackgroundAudioWish | None = None
    mcp_servers: Annotated[list[McpServerWish], Field(max_length=50)] | None = None
    call_control: CallControlWish | None = None
    compliance_enabled: bool | None = None
    sms_auto_reply: bool | None = None
    recording_enabled: bool | None = None
    disclosure: Annotated[str, Field(max_length=DISCLOSURE_LENGTH)] | None = None
    openai_realtime: OpenaiRealtimeWish | None = None
    manual_webhook_url: Annotated[Url, Field(description='"" for none.')] | None = None

    def values(self) -> dict[str, Any]:
        """What was sent, in the words of the feature."""
        plain = ("instructions", "compliance_enabled", "sms_auto_reply", "recording_enabled", "disclosure")
        return {
            **{name: getattr(self, name) for name in (*plain, "manual_webhook_url")},
            "mode": self.mode and connections.Mode(self.mode),
            "backend": self.backend and connections.Backend(self.backend),
            "llm": self.llm and _llm(self.llm),
            "tts": self.tts and connections.Tts(self.tts.voice_id),
            "language": self._language(),
            "background_audio": self.background_audio
            and connections.BackgroundAudio(self.background_audio.type, self.background_audio.volume),
            "mcp_servers": None if self.mcp_servers is None else tuple(_server(one) for one in self.mcp_servers),
            "call_control": self.call_control and _call_control(self.call_control),
            "openai_realtime": self.openai_realtime
            and connections.OpenaiRealtime(self.openai_realtime.model, self.openai_realtime.voice),
        }

    def _language(self) -> str | None:
        """Both spellings are one field. ValidationError when they contradict each other."""
        if self.stt is None:
            return self.language
        if self.language is not None and self.language.lower() != self.stt.language.lower():
            message = "must be the same as language, or left out"
            raise ValidationError(f"stt.language: {message}", [{"path": "stt.language", "message": message}])
        return self.stt.language if self.language is None else self.language


class CreateConnection(ConnectionFields):
    """A handler: only its name is needed."""

    model_config = example(
        {"name": "support", "instructions": "You are a helpful assistant answering calls for Acme Inc."},
        {"name": "my own brain", "mode": "manual"},
    )

    name: Name

    def draft(self) -> ConnectionDraft:
        return ConnectionDraft(name=self.name, **self.values())


class UpdateConnection(ConnectionFields):
    """What to change; the rest stays."""

    model_config = example({"instructions": "Answer in French."}, {"mode": "manual"})

    name: Name | None = None

    def change(self) -> ConnectionChange:
        return ConnectionChange(name=self.name, **self.values())


def _llm(wish: LlmWish) -> connections.Llm:
    return connections.Llm(connections.LlmKind(wish.kind), wish.model, wish.byo_base_url or None, wish.secret_ref)


def _server(wish: McpServerWish) -> connections.McpServer:
    tools = None if wish.allowed_tools is None else tuple(wish.allowed_tools)
    if wish.auth is None:
        return connections.McpServer(wish.url, None, tools)
    auth = connections.McpAuth(connections.McpAuthType(wish.auth.type), wish.auth.token or None)
    return connections.McpServer(wish.url, auth, tools)


def _call_control(wish: CallControlWish) -> connections.CallControl:
    transfer = None
    if wish.transfer is not None and wish.transfer.targets:
        transfer = connections.Transfer(tuple(wish.transfer.targets), wish.transfer.from_number)
    return connections.CallControl(wish.end_call is not False, wish.send_dtmf is not False, transfer)


class LlmBody(ResponseBody):
    kind: Literal["managed", "byo"]
    model: str
    byo_base_url: str | None
    secret_ref: str | None


class TtsBody(ResponseBody):
    voice_id: str


class SttBody(ResponseBody):
    language: str


class BackgroundOff(ResponseBody):
    type: Literal["off"]


class BackgroundOffice(ResponseBody):
    type: Literal["office"]
    volume: float


class McpAuthBody(ResponseBody):
    type: Literal["bearer", "none"]


class McpServerBody(ResponseBody):
    url: str
    auth: McpAuthBody | None
    allowed_tools: list[str] | None


class TransferBody(ResponseBody):
    targets: list[str]
    from_number: Annotated[str | None, Field(alias="from")]


class CallControlBody(ResponseBody):
    end_call: bool
    send_dtmf: bool
    transfer: TransferBody | None


class OpenaiRealtimeBody(ResponseBody):
    model: str
    voice: str | None


class ConnectionBody(ResponseBody):
    """A connection. `disclosure` is the text that calls begin with; `manualSecret` is shown with connections:write only."""

    id: str
    name: str
    mode: Mode
    backend: Backend
    instructions: str
    llm: LlmBody | None
    tts: TtsBody | None
    stt: SttBody | None
    language: str | None
    background_audio: BackgroundOff | BackgroundOffice | None
    mcp_servers: list[McpServerBody] | None
    call_control: CallControlBody
    compliance_enabled: bool
    sms_auto_reply: bool
    disclosure: str
    recording_enabled: bool
    openai_realtime: OpenaiRealtimeBody | None
    manual_secret: str | None
    manual_webhook_url: str | None
    created_at: Instant


class ConnectionDeleted(ResponseBody):
    """The connection is gone."""

    status: Literal["deleted"] = "deleted"
