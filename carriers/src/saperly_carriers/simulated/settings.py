"""What can be set on a simulated network: how fast people talk, how long things take, what is switched on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Durations in seconds of the network's clock.

    `order_latency_sec` is the time a number order takes to answer; `command_latency_sec` that of any other
    request. `release_hold_sec` keeps a released number out of stock. `recognition_error_rate` is the share
    of words that speech recognition drops or mistakes. `carrier_opt_out`: the carrier itself answers STOP,
    HELP and START and blocks further texts. `log_entries` bounds the log (None: everything is kept).
    """

    chars_per_sec: float = 15.0
    recognition_delay_sec: float = 0.3
    recognition_error_rate: float = 0.0
    partial_every_sec: float = 1.0
    command_latency_sec: float = 0.0
    order_latency_sec: float = 0.5
    speech_setup_sec: float = 0.1
    event_latency_sec: float = 0.05
    inbound_ring_sec: float = 30.0
    transfer_ring_sec: float = 30.0
    release_hold_sec: float = 86_400.0
    carrier_opt_out: bool = False
    call_cost_events: bool = False
    log_entries: int | None = 100_000
    ended_calls_kept: int = 10_000
    messages_kept: int = 10_000
