"""What can go wrong between the network and the platform, as switches.

The same record describes the habits of a magic number and those of a whole network under test.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

SLOW_ANSWER_SEC = 6.0
RATE_LIMIT_RETRY_AFTER_SEC = 1.0
REVERSE_WINDOW_SEC = 3.0
LATE_EVENT_SEC = 2.0


@dataclass(frozen=True, slots=True)
class Faults:
    """Requests: the first try of an operation (or each) fails with 500 or 429 and does nothing; or it is
    done, but the answer is lost, slow or not readable. Events: sent twice, in reverse (those of one call or
    message within three seconds), late, with the news of progress (answered, sent) lost, preceded by a copy
    with a bad signature, or followed by one that comes after the end.
    """

    fail_first: bool = False
    fail_always: bool = False
    rate_limit_first: bool = False
    lose_answer: bool = False
    slow_answer: bool = False
    garble_answer: bool = False
    duplicate_events: bool = False
    reverse_events: bool = False
    delay_events_sec: float = 0.0
    lose_progress_events: bool = False
    bad_signature: bool = False
    late_event: bool = False

    def merged(self, other: Faults) -> Faults:
        """Every fault that either of the two has."""
        return Faults(**{f.name: max(getattr(self, f.name), getattr(other, f.name)) for f in fields(Faults)})


NO_FAULTS = Faults()
