"""Text messages: segments, sending, receipts, inbound texts and their keywords. See README.md."""

from .contracts import Message, Status
from .errors import MessageSendFailed
from .queries import count_since, list_messages
from .receipts import Receipts, status_changed
from .receive import received
from .segments import Segmentation, measure
from .send import SEND, Messaging
from .tasks import carry_out

__all__ = [
    "SEND",
    "Message",
    "MessageSendFailed",
    "Messaging",
    "Receipts",
    "Segmentation",
    "Status",
    "carry_out",
    "count_since",
    "list_messages",
    "measure",
    "received",
    "status_changed",
]
