"""The exchange: places calls, brings calls in, and carries out what the platform wants done with them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from saperly_carriers.errors import CarrierRejected, RejectReason
from saperly_carriers.events import Attestation, CallOutcome, EndedBy, SpeechListener
from saperly_carriers.records import (
    CallDirection,
    CallHandle,
    CallSnapshot,
    CallState,
    DialRequest,
    LiveCall,
    Op,
    RejectCause,
    SpeechConfig,
)
from saperly_carriers.simulated.call import Call
from saperly_carriers.simulated.call_plan import CallPlan
from saperly_carriers.simulated.environment import Environment
from saperly_carriers.simulated.interconnect import CallingSide
from saperly_carriers.simulated.inventory import Inventory
from saperly_carriers.simulated.magic import magic_of
from saperly_carriers.simulated.numbering import is_e164, sip_target
from saperly_carriers.simulated.parties import Directory
from saperly_carriers.simulated.peers import Peer, Ringing, UnreachablePeer
from saperly_carriers.simulated.script import OnCall, Script
from saperly_carriers.simulated.script_run import ScriptRun
from saperly_carriers.simulated.session import SimulatedSpeechSession

MAX_CALL_SEC = 14_400.0
MAX_RING_SEC = 600.0
SIP_ANSWER_SEC = 1.0
_REJECT_SIP_CODES = {
    RejectCause.REJECTED: 603,
    RejectCause.BUSY: 486,
    RejectCause.NOT_FOUND: 404,
    RejectCause.UNAVAILABLE: 480,
}
_BUSY = Script(name="busy", on_call=OnCall.BUSY)
_SIP_PARTY = Script(name="sip", answer_after_sec=SIP_ANSWER_SEC)


@dataclass(slots=True)
class _Known:
    call: Call
    op_id: str | None


class Exchange:
    """All calls of the platform: those that are up, and the latest of those that are over."""

    def __init__(self, env: Environment, inventory: Inventory, directory: Directory) -> None:
        self._env = env
        self._inventory = inventory
        self._directory = directory
        self._calls: OrderedDict[str, _Known] = OrderedDict()
        self._ended: OrderedDict[str, _Known] = OrderedDict()
        self._by_op: dict[str, str] = {}

    def dial(self, req: DialRequest, op: Op) -> CallHandle:
        """Place a call.

        Raises:
            CarrierRejected: sender (not one of the platform's numbers), invalid_number, invalid_value, or what
                the number's habit is.
        """
        sender = self._inventory.in_use(req.from_number)
        if sender is None:
            raise CarrierRejected(RejectReason.SENDER, "Calls can only be placed from your own numbers.")
        _check_seconds(req.time_limit_sec, MAX_CALL_SEC)
        _check_seconds(req.ring_timeout_sec, MAX_RING_SEC)
        peer = self._peer_at(req.to, req.from_number)
        plan = CallPlan(
            call_id=self._env.ids.call(),
            direction=CallDirection.OUTBOUND,
            platform_number=req.from_number,
            peer_number=req.to,
            ring_timeout_sec=req.ring_timeout_sec,
            ref=op.ref,
            caller_name=req.caller_name or sender.caller_name,
            time_limit_sec=req.time_limit_sec,
            detect_machine=req.detect_machine,
            faults=magic_of(req.to).faults,
        )
        self._by_op[op.op_id] = plan.call_id
        return CallHandle(self._begin(plan, peer, op.op_id).call_id)

    def bring(
        self,
        from_number: str,
        to: str,
        peer: Peer,
        caller_name: str | None = None,
        attestation: Attestation = Attestation.FULL,
    ) -> None:
        """Bring a call to one of the platform's numbers; the peer learns at once if there is none."""
        number = self._inventory.in_use(to)
        if number is None or number.voice is None:
            peer.over("invalid_number" if number is None else "unavailable")
            return
        plan = CallPlan(
            call_id=self._env.ids.call(),
            direction=CallDirection.INBOUND,
            platform_number=to,
            peer_number=from_number,
            ring_timeout_sec=self._env.settings.inbound_ring_sec,
            caller_name=caller_name,
            attestation=attestation,
            faults=magic_of(from_number).faults,
        )
        self._begin(plan, peer, None)

    def _begin(self, plan: CallPlan, peer: Peer, op_id: str | None) -> Call:
        call = Call(self._env, plan, peer, self._file_away)
        self._calls[plan.call_id] = _Known(call, op_id)
        self._env.log.add(
            "call",
            call_id=plan.call_id,
            direction=plan.direction.value,
            to=plan.to_number,
            **{"from": plan.from_number},
        )
        call.start()
        return call

    def _file_away(self, call: Call) -> None:
        self._ended[call.call_id] = self._calls.pop(call.call_id)
        if len(self._ended) > self._env.settings.ended_calls_kept:
            _, forgotten = self._ended.popitem(last=False)
            if forgotten.op_id is not None:
                self._by_op.pop(forgotten.op_id, None)

    def _peer_at(self, number: str, caller: str) -> Peer:
        if not is_e164(number):
            raise CarrierRejected(RejectReason.INVALID_NUMBER, "This is not a telephone number.")
        if number == caller:
            return ScriptRun(self._env, number, _BUSY)
        if self._inventory.in_use(number) is not None:
            return CallingSide(self)
        return self._directory.peer_at(number)

    # -- commands ------------------------------------------------------------------------------------------

    def answer(self, handle: CallHandle, time_limit_sec: float | None) -> None:
        call = self._ringing_here(handle)
        if time_limit_sec is not None:
            _check_seconds(time_limit_sec, MAX_CALL_SEC)
            call.limit(time_limit_sec)
        call.connect()

    def reject(self, handle: CallHandle, cause: RejectCause) -> None:
        call = self._ringing_here(handle)
        call.end(CallOutcome.REJECTED, EndedBy.PLATFORM, sip_code=_REJECT_SIP_CODES[cause], reason=cause.value)

    def hangup(self, handle: CallHandle) -> None:
        call = self._call(handle)
        if not call.plan.outbound and call.state is CallState.RINGING:
            self.reject(handle, RejectCause.REJECTED)
        elif not call.has_ended():
            call.agent_hangs_up()

    def transfer(self, handle: CallHandle, to: str, caller_id: str | None) -> None:
        call = self._call(handle)
        call.require_answered()
        shown = caller_id or call.plan.platform_number
        target = self._sip_peer(to) if to.startswith(("sip:", "sips:")) else self._peer_at(to, shown)
        call.start_transfer(target, Ringing(call.call_id, shown, to, None))

    def _sip_peer(self, uri: str) -> Peer:
        target = sip_target(uri)
        if target is None:
            raise CarrierRejected(RejectReason.INVALID_VALUE, "This SIP address cannot be called.")
        user, host = target
        if host.endswith(".invalid"):
            return UnreachablePeer()
        return ScriptRun(self._env, uri, _BUSY if user == "busy" else _SIP_PARTY)

    def send_dtmf(self, handle: CallHandle, digits: str) -> None:
        self._call(handle).agent_presses(digits)

    def set_time_limit(self, handle: CallHandle, seconds_from_answer: float) -> None:
        call = self._call(handle)
        if call.has_ended():
            raise CarrierRejected(RejectReason.CALL_ENDED, "The call has already ended.")
        _check_seconds(seconds_from_answer, MAX_CALL_SEC)
        call.limit(seconds_from_answer)

    def open_speech(self, handle: CallHandle, config: SpeechConfig, listener: SpeechListener) -> SimulatedSpeechSession:
        return self._call(handle).open_session(config, listener)

    # -- questions -----------------------------------------------------------------------------------------

    def snapshot(self, handle: CallHandle) -> CallSnapshot:
        known = self._known(handle)
        return known.call.snapshot() if known else CallSnapshot(CallState.UNKNOWN)

    def find(self, op_id: str) -> CallHandle | None:
        call_id = self._by_op.get(op_id)
        return CallHandle(call_id) if call_id else None

    def live_calls(self) -> Sequence[LiveCall]:
        return [known.call.as_live() for known in self._calls.values()]

    def _known(self, handle: CallHandle) -> _Known | None:
        return self._calls.get(handle.call_id) or self._ended.get(handle.call_id)

    def _call(self, handle: CallHandle) -> Call:
        known = self._known(handle)
        if known is None:
            raise CarrierRejected(RejectReason.NOT_FOUND, "There is no such call.", status=404)
        return known.call

    def _ringing_here(self, handle: CallHandle) -> Call:
        call = self._call(handle)
        if call.has_ended():
            raise CarrierRejected(RejectReason.CALL_ENDED, "The call has already ended.")
        if call.plan.outbound or call.state is not CallState.RINGING:
            raise CarrierRejected(RejectReason.STATE, "This call does not ring here.")
        return call


def _check_seconds(seconds: float, maximum: float) -> None:
    if not 0 < seconds <= maximum:
        raise CarrierRejected(RejectReason.INVALID_VALUE, f"A limit is above 0 and at most {maximum:.0f} seconds.")
