"""One call of the platform: ringing, answered, ended; who is at the other end, and who speaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from saperly_carriers.clock import Timer
from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.events import CallOutcome, EndedBy, SpeechListener
from saperly_carriers.records import CallHandle, CallSnapshot, CallState, LiveCall, SpeechConfig
from saperly_carriers.simulated.call_plan import CallPlan
from saperly_carriers.simulated.call_report import SIP_CODES, CallReport
from saperly_carriers.simulated.environment import Environment, TimerGroup
from saperly_carriers.simulated.keypad import DTMF_ALPHABET, Keypad
from saperly_carriers.simulated.peer_voice import PeerVoice
from saperly_carriers.simulated.peers import Peer, Ringing
from saperly_carriers.simulated.session import SimulatedSpeechSession
from saperly_carriers.simulated.transfer import Transfer

SETUP_SEC = 0.2
"""From a request to dial until the other side's telephone rings."""
MACHINE_DETECTION_SEC = 2.0


class Call:
    """The platform's leg of a call. `peer` is at the other end; `on_ended` is told once."""

    def __init__(self, env: Environment, plan: CallPlan, peer: Peer, on_ended: Callable[[Call], None]) -> None:
        self.plan = plan
        self.state = CallState.RINGING
        self._env = env
        self._peer = peer
        self._on_ended = on_ended
        self._timers = TimerGroup(env)
        self._report = CallReport(env, plan)
        self._line = FirstLine(self)
        self._voice = PeerVoice(env, self._timers, self)
        self._agent_keys = Keypad(self._timers, peer.digit)
        self._session: SimulatedSpeechSession | None = None
        self._transfer: Transfer | None = None
        self._answered_at: datetime | None = None
        self._ended_at: datetime | None = None
        self._outcome: CallOutcome | None = None
        self._ring_timer: Timer | None = None
        self._limit_sec = plan.time_limit_sec
        self._limit_timer: Timer | None = None

    @property
    def call_id(self) -> str:
        return self.plan.call_id

    @property
    def peer_number(self) -> str:
        return self.plan.peer_number

    @property
    def peer(self) -> Peer:
        return self._peer

    def peer_is_talking(self) -> bool:
        return self._voice.talking

    def has_ended(self) -> bool:
        return self.state is CallState.ENDED

    def snapshot(self) -> CallSnapshot:
        return CallSnapshot(self.state, self._answered_at, self._ended_at, self._outcome)

    def as_live(self) -> LiveCall:
        return LiveCall(CallHandle(self.call_id), self.plan.ref, self.plan.direction, self.snapshot())

    # -- from ring to end ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Ring: the peer's telephone after a moment, or the platform at once."""
        self._ring_timer = self._timers.later(
            self.plan.ring_timeout_sec, lambda: self.end(CallOutcome.NO_ANSWER, EndedBy.NETWORK)
        )
        if self.plan.outbound:
            self._timers.later(SETUP_SEC, self._ring_peer)
        else:
            self._report.incoming()
            self._peer.rings(self._line, self._ringing())

    def _ring_peer(self) -> None:
        if self._peer.busy():
            self.end(CallOutcome.BUSY, EndedBy.PEER)
        else:
            self._report.ringing()
            self._peer.rings(self._line, self._ringing())

    def _ringing(self) -> Ringing:
        return Ringing(self.call_id, self.plan.from_number or "anonymous", self.plan.to_number, self.plan.caller_name)

    def connect(self) -> None:
        """The call is answered, by the peer or by the platform."""
        self.state = CallState.ANSWERED
        self._answered_at = self._instant()
        self._timers.cancel(self._ring_timer)
        self._report.answered(self._answered_at)
        if self._limit_sec is not None:
            self.limit(self._limit_sec)
        if self.plan.detect_machine:
            self._detect_machine()
        self._peer.connected()

    def _detect_machine(self) -> None:
        by = self._peer.answered_by
        self._timers.later(MACHINE_DETECTION_SEC, lambda: self._report.machine(by.result, beep=False))
        if by.beep_after_sec is not None:
            self._timers.later(by.beep_after_sec, lambda: self._report.machine(by.result, beep=True))

    def _instant(self) -> datetime:
        """Now, in whole milliseconds: what is told as two instants and what is told as a duration must not differ."""
        now = self._env.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def limit(self, seconds_from_answer: float) -> None:
        """Set when the network ends the call, counted from its answer."""
        self._limit_sec = seconds_from_answer
        if self._answered_at is None:
            return
        self._timers.cancel(self._limit_timer)
        now = self._env.clock.now()
        due = max(now, self._answered_at + timedelta(seconds=seconds_from_answer))
        self._limit_timer = self._timers.later(
            (due - now).total_seconds(),
            lambda: self.end(CallOutcome.TIME_LIMIT, EndedBy.NETWORK, at=due),
        )

    def end(
        self,
        outcome: CallOutcome,
        by: EndedBy,
        *,
        sip_code: int | None = None,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """End the call; `reason` is what the peer learns if it is not the outcome, `at` the exact time."""
        if self.has_ended():
            return
        self._ended_at = at or self._instant()
        self.state, self._outcome = CallState.ENDED, outcome
        self._timers.cancel_all()
        if self._session is not None:
            self._session.end("call_ended")
        if self._transfer is not None:
            self._transfer.end(outcome.value)
        self._peer.over(reason or outcome.value)
        self._report.ended(outcome, by, sip_code or SIP_CODES.get(outcome), self._answered_at, self._ended_at)
        self._on_ended(self)

    # -- what the platform does ----------------------------------------------------------------------------

    def require_answered(self) -> None:
        """Raises CarrierRejected call_ended or not_answered."""
        if self.has_ended():
            raise CarrierRejected(RejectReason.CALL_ENDED, "The call has already ended.")
        if self.state is not CallState.ANSWERED:
            raise CarrierRejected(RejectReason.NOT_ANSWERED, "The call is not answered yet.")

    def open_session(self, config: SpeechConfig, listener: SpeechListener) -> SimulatedSpeechSession:
        self.require_answered()
        if self._session is not None or (self._transfer is not None and self._transfer.bridged):
            raise CarrierRejected(RejectReason.STATE, "Somebody else already speaks on this call.")
        self._session = SimulatedSpeechSession(self._env, self, config, listener)
        return self._session

    def session_closed(self) -> None:
        self._session = None

    def agent_presses(self, digits: str) -> None:
        self.require_answered()
        if not digits or not DTMF_ALPHABET.issuperset(digits):
            raise CarrierRejected(RejectReason.INVALID_VALUE, "These are not keys of a telephone.")
        self._agent_keys.add(digits)

    def agent_hangs_up(self) -> None:
        answered = self._answered_at is not None
        outcome = CallOutcome.COMPLETED if answered else CallOutcome.CANCELLED
        self.end(outcome, EndedBy.PLATFORM)

    def start_transfer(self, target: Peer, ringing: Ringing) -> None:
        self.require_answered()
        if self._transfer is not None:
            raise CarrierRejected(RejectReason.STATE, "The call is being transferred already.")
        self._transfer = Transfer(self._env, self, target, ringing)
        self._transfer.start()

    def transfer_bridged(self, to: str) -> None:
        if self._session is not None:
            self._session.end("bridged")
        self._report.bridged(to)

    def transfer_failed(self, to: str, outcome: CallOutcome) -> None:
        self._transfer = None
        self._report.transfer_failed(to, outcome)

    # -- what the peer does --------------------------------------------------------------------------------

    def peer_hangs_up(self) -> None:
        answered = self._answered_at is not None
        self.end(CallOutcome.COMPLETED if answered else CallOutcome.CANCELLED, EndedBy.PEER)

    def peer_speaks(self, text: str, takes_sec: float | None) -> None:
        self._voice.say(text, takes_sec)

    def peer_uses_keys(self, digits: str) -> None:
        self._voice.press(digits)

    def peer_began(self, text: str, takes_sec: float) -> None:
        if self._session is not None:
            self._session.peer_began(text, takes_sec)

    def peer_said(self, text: str) -> None:
        self._env.log.add("said", call_id=self.call_id, number=self.peer_number, text=text)
        if self._transfer is not None and self._transfer.bridged:
            self._transfer.pass_on_words(text)
        elif self._session is not None:
            self._session.peer_said(text)

    def peer_pressed(self, digit: str) -> None:
        if self._transfer is not None and self._transfer.bridged:
            self._transfer.pass_on_key(digit)
        elif self._session is not None:
            self._session.peer_pressed(digit)
        else:
            self._report.dtmf(digit)

    def peer_done(self) -> None:
        self._peer.spoke()


class FirstLine:
    """The line of the peer on the platform's leg."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def answer(self) -> None:
        if self._call.plan.outbound and self._call.state is CallState.RINGING:
            self._call.connect()

    def refuse(self, outcome: CallOutcome) -> None:
        if self._call.plan.outbound and self._call.state is CallState.RINGING:
            by = EndedBy.NETWORK if outcome is CallOutcome.NO_ANSWER else EndedBy.PEER
            self._call.end(outcome, by)

    def say(self, text: str, *, takes_sec: float | None = None) -> None:
        if self._call.state is CallState.ANSWERED:
            self._call.peer_speaks(text, takes_sec)

    def press(self, digits: str) -> None:
        if self._call.state is CallState.ANSWERED:
            self._call.peer_uses_keys(digits)

    def hang_up(self) -> None:
        if self._call.plan.outbound:
            self.refuse(CallOutcome.REJECTED)
        self._call.peer_hangs_up()
