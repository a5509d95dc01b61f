"""Files in and out: everything that land bureaus send, and everything they ask for."""

from panhuo.exchange.delivery import Delivery, FileRecord, FileState, Layer
from panhuo.exchange.opening import open_delivery
from panhuo.exchange.report import summary
from panhuo.exchange.result import ReadResult
from panhuo.exchange.stage import Limits
from panhuo.exchange.writing import Written, write

__all__ = [
    "Delivery",
    "FileRecord",
    "FileState",
    "Layer",
    "Limits",
    "ReadResult",
    "Written",
    "open_delivery",
    "summary",
    "write",
]
