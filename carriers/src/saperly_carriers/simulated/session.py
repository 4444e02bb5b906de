"""A speech session: the agent's end of a conversation that the carrier turns into text."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.events import (
    DtmfReceived,
    Heard,
    Interrupted,
    SpeechClosed,
    SpeechEvent,
    SpeechListener,
    SpeechReady,
    Spoken,
)
from saperly_carriers.records import SpeechConfig
from saperly_carriers.simulated.agent_voice import AgentVoice, Utterance
from saperly_carriers.simulated.environment import Environment, TimerGroup
from saperly_carriers.simulated.mailbox import Mailbox
from saperly_carriers.simulated.peers import Peer
from saperly_carriers.simulated.recognition import guesses, understood

MAX_UTTERANCE_CHARS = 3000


class SpeakingCall(Protocol):
    """What a session needs of its call."""

    @property
    def call_id(self) -> str: ...
    @property
    def peer_number(self) -> str: ...
    @property
    def peer(self) -> Peer: ...

    def has_ended(self) -> bool: ...

    def peer_is_talking(self) -> bool: ...

    def agent_presses(self, digits: str) -> None: ...

    def agent_hangs_up(self) -> None: ...

    def session_closed(self) -> None: ...


class SimulatedSpeechSession:
    """Implements SpeechSession for one call.

    A line is cut at the moment the peer begins to talk, and one that begins while the peer talks is cut at
    once. What the peer says during an uninterruptible line is not lost: it is reported when that line is over.
    """

    def __init__(self, env: Environment, call: SpeakingCall, config: SpeechConfig, listener: SpeechListener) -> None:
        self._env = env
        self._call = call
        self._config = config
        self._timers = TimerGroup(env)
        self._voice = AgentVoice(env, self._timers, self)
        self._mailbox: Mailbox[SpeechEvent] = Mailbox(env.clock, listener)
        self._withheld: list[Heard] = []
        self._recognitions = 0
        self._closed = False
        self._timers.later(env.settings.speech_setup_sec, self._become_ready)

    # -- what the agent does -------------------------------------------------------------------------------

    async def say(self, text: str, *, utterance_id: str, interruptible: bool, last: bool = True) -> None:
        self._check_open()
        if len(text) > MAX_UTTERANCE_CHARS:
            raise CarrierRejected(
                RejectReason.INVALID_VALUE, f"At most {MAX_UTTERANCE_CHARS} characters can be said in one go."
            )
        self._env.log.add("say", call_id=self._call.call_id, utterance_id=utterance_id, text=text, last=last)
        self._voice.add(text, utterance_id, interruptible=interruptible, last=last)

    async def cancel_speech(self) -> None:
        self._check_open()
        self._env.log.add("cancel_speech", call_id=self._call.call_id)
        self._voice.cancel()

    async def send_dtmf(self, digits: str) -> None:
        self._check_open()
        self._call.agent_presses(digits)

    async def close(self, *, hangup: bool) -> None:
        self.end("closed")
        if hangup:
            self._call.agent_hangs_up()

    def end(self, reason: str) -> None:
        """Close the session from whichever side; the second time changes nothing."""
        if self._closed:
            return
        self._closed = True
        self._voice.cancel()
        self._timers.cancel_all()
        self._call.session_closed()
        self._mailbox.put(SpeechClosed(reason))

    def _check_open(self) -> None:
        if self._closed:
            ended = self._call.has_ended()
            raise CarrierRejected(RejectReason.CALL_ENDED if ended else RejectReason.STATE)

    def _become_ready(self) -> None:
        self._mailbox.put(SpeechReady())
        self._voice.start()

    # -- what the voice reports ----------------------------------------------------------------------------

    def line_began(self, utterance: Utterance) -> None:
        self._call.peer.agent_speaks()
        if self._call.peer_is_talking():
            self._timers.later(0.0, self._talk_over)

    def chunk_heard(self, text: str, utterance: Utterance) -> None:
        self._call.peer.hears(text, utterance.utterance_id)

    def line_over(self, utterance: Utterance, *, complete: bool) -> None:
        if utterance.started_at is not None:
            self._log_heard(utterance, complete)
            self._call.peer.line_over(utterance.heard, utterance.utterance_id)
        if not self._closed:
            said = Spoken(utterance.utterance_id)
            self._mailbox.put(said if complete else Interrupted(utterance.utterance_id, utterance.heard))
            self._env.later(0.0, self._tell_withheld)

    def voice_quiet(self) -> None:
        self._call.peer.agent_quiet()

    def _log_heard(self, utterance: Utterance, complete: bool) -> None:
        assert utterance.started_at is not None
        self._env.log.add(
            "heard" if self._call.peer.listening else "unheard",
            number=self._call.peer_number,
            call_id=self._call.call_id,
            utterance_id=utterance.utterance_id,
            text=utterance.heard,
            complete=complete,
            started_at=utterance.started_at.isoformat(),
        )

    # -- what the peer does --------------------------------------------------------------------------------

    def peer_began(self, text: str, takes_sec: float) -> None:
        self._voice.barge_in()
        if self._config.partials:
            for at, words in guesses(text, takes_sec, self._env.settings.partial_every_sec):
                self._timers.later(at, partial(self._guess, words))

    def _talk_over(self) -> None:
        if self._call.peer_is_talking():
            self._voice.barge_in()

    def peer_said(self, text: str) -> None:
        self._recognitions += 1
        words = text
        if (error_rate := self._env.settings.recognition_error_rate) > 0:
            words = understood(text, error_rate, self._env.random(self._call.call_id, self._recognitions))
        if words:
            self._timers.later(self._env.settings.recognition_delay_sec, lambda: self._understand(words))

    def peer_pressed(self, digit: str) -> None:
        self._mailbox.put(DtmfReceived(digit))

    def _guess(self, words: str) -> None:
        if not self._voice.uninterruptible():
            self._mailbox.put(Heard(words, final=False))

    def _understand(self, words: str) -> None:
        self._withheld.append(Heard(words, final=True))
        self._tell_withheld()

    def _tell_withheld(self) -> None:
        if self._closed or self._voice.uninterruptible():
            return
        for heard in self._withheld:
            self._mailbox.put(heard)
        self._withheld.clear()
