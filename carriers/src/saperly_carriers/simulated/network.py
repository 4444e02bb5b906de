"""The simulated telephone network: everything that happens between a platform and its callers.

It reaches nobody: it sells only numbers that are set aside for fiction, and has no way out but `deliver`.
It does what it is asked in the same order and at the same times for the same seed and clock.

What it does not model is refused, and missing from the carrier's capabilities: audio, assistants at the carrier,
messages with pictures, registration of campaigns, and calls to more than one target at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from saperly_carriers.clock import Clock
from saperly_carriers.events import Attestation
from saperly_carriers.simulated.call_plan import ANONYMOUS
from saperly_carriers.simulated.courier import Courier, Deliver
from saperly_carriers.simulated.environment import Environment, Ids
from saperly_carriers.simulated.exchange import Exchange
from saperly_carriers.simulated.faults import NO_FAULTS, Faults
from saperly_carriers.simulated.inboxes import Inboxes, ReceivedText, TextEar
from saperly_carriers.simulated.interactive import InteractivePeer, PartyEar, PartyLeg
from saperly_carriers.simulated.inventory import Inventory
from saperly_carriers.simulated.log import EventLog
from saperly_carriers.simulated.messages import MessageCenter
from saperly_carriers.simulated.numbering import is_e164
from saperly_carriers.simulated.orders import OrderBook
from saperly_carriers.simulated.parties import Directory, Party
from saperly_carriers.simulated.script import Script
from saperly_carriers.simulated.script_run import ScriptRun
from saperly_carriers.simulated.settings import NetworkSettings
from saperly_carriers.simulated.signing import Signer


class Network:
    """One network. `id_prefix` must differ between runs that share a database of calls and messages."""

    def __init__(
        self,
        seed: int,
        clock: Clock,
        deliver: Deliver | None = None,
        *,
        id_prefix: str,
        settings: NetworkSettings | None = None,
    ) -> None:
        settings = settings or NetworkSettings()
        self.signing_key = hashlib.sha256(f"simulated network {seed} {id_prefix}".encode()).digest()
        self.log = EventLog(clock, settings.log_entries)
        courier = Courier(clock, self.log, Signer(self.signing_key), settings.event_latency_sec)
        courier.deliver = deliver
        self.environment = Environment(seed, clock, settings, Ids(id_prefix), self.log, courier, faults=NO_FAULTS)
        self.inventory = Inventory(self.environment)
        self.orders = OrderBook(self.environment, self.inventory)
        self.directory = Directory(self.environment)
        self.exchange = Exchange(self.environment, self.inventory, self.directory)
        self.inboxes = Inboxes(self.environment)
        self.messages = MessageCenter(self.environment, self.inventory, self.inboxes)

    @property
    def deliver(self) -> Deliver | None:
        """Where signed requests go. While it is None, or raises, they are tried again later."""
        return self.environment.courier.deliver

    @deliver.setter
    def deliver(self, deliver: Deliver | None) -> None:
        self.environment.courier.deliver = deliver

    @property
    def faults(self) -> Faults:
        """Faults of the whole network, on top of those of magic numbers. Assign to switch them."""
        return self.environment.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.environment.faults = faults

    def seize(self, e164: str) -> str:
        """Mark a number as rented by the platform, as after a restart; gives its number id.

        Raises:
            ValueError: the network has no such number.
        """
        return self.inventory.seize(e164)

    # -- scripted parties ----------------------------------------------------------------------------------

    def add_party(self, number: str, script: Script) -> Party:
        """Let a script answer at a number."""
        self._check_person(number)
        return self.directory.add_party(number, script)

    def place_scripted_call(
        self, from_number: str, to: str, script: Script, *, attestation: Attestation = Attestation.FULL
    ) -> ScriptRun:
        """Call the platform's number `to`; the script begins when it is answered."""
        self._check_person(from_number)
        run = ScriptRun(self.environment, from_number, script)
        self.exchange.bring(from_number, to, run, attestation=attestation)
        return run

    # -- people --------------------------------------------------------------------------------------------

    def place_call(
        self,
        from_number: str,
        to: str,
        ear: PartyEar,
        *,
        caller_name: str | None = None,
        attestation: Attestation = Attestation.FULL,
    ) -> PartyLeg:
        """Call the platform's number `to` as a person; `from_number` may be `ANONYMOUS`."""
        self._check_person(from_number)
        peer = InteractivePeer(self.environment, from_number, ear)
        peer.leg.other_number = to
        self.exchange.bring(from_number, to, peer, caller_name, attestation)
        return peer.leg

    def take_calls(self, number: str, ear: PartyEar) -> Callable[[], None]:
        """Answer at a number as a person, one call at a time; gives the function that ends it."""
        self._check_person(number)
        return self.directory.take_calls(number, ear)

    def send_text(self, from_number: str, to: str, text: str) -> None:
        """Text the platform's number `to` as a person.

        Raises:
            NotInService: nobody takes texts there.
        """
        self._check_person(from_number)
        self.messages.receive(from_number, to, text)

    def inbox(self, number: str) -> Sequence[ReceivedText]:
        """What a person has received, the oldest first."""
        return self.inboxes.of(number)

    def take_texts(self, number: str, ear: TextEar) -> Callable[[], None]:
        """Be told of each text that a person receives; gives the function that ends it."""
        return self.inboxes.take_texts(number, ear)

    def _check_person(self, number: str) -> None:
        if number != ANONYMOUS and not is_e164(number):
            raise ValueError("a person's number is an E.164 number")
        if self.inventory.in_use(number) is not None:
            raise ValueError("this number is the platform's own")
