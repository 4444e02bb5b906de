"""Text messages: segments, sending, receipts, inbound texts and their keywords. See README.md."""

from .contracts import Message, Status
from .errors import MessageSendFailed
from .queries import count_since, list_messages
from .receive import received, status_changed
from .segments import Segmentation, measure
from .send import SEND, Messaging
from .tasks import carry_out

__all__ = [
    "SEND",
    "Message",
    "MessageSendFailed",
    "Messaging",
    "Segmentation",
    "Status",
    "carry_out",
    "count_since",
    "list_messages",
    "measure",
    "received",
    "status_changed",
]
