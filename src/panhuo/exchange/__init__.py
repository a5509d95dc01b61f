"""Files in and out: everything that land bureaus send, and everything they ask for."""

from panhuo.exchange.delivery import Delivery, FileRecord, FileState, Layer
from panhuo.exchange.opening import open_delivery
from panhuo.exchange.stage import Limits

__all__ = ["Delivery", "FileRecord", "FileState", "Layer", "Limits", "open_delivery"]
