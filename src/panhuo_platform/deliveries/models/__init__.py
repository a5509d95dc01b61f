"""Tables of deliveries: what came in, what was found in it, what was mended, what was asked for."""

from panhuo_platform.deliveries.models.delivery import DeliveredLayer, Delivery, Upload
from panhuo_platform.deliveries.models.found import Correction, Finding, HandedBack, Repair
from panhuo_platform.deliveries.models.request import DataRequest, FieldMemory

__all__ = [
    "Correction",
    "DataRequest",
    "DeliveredLayer",
    "Delivery",
    "FieldMemory",
    "Finding",
    "HandedBack",
    "Repair",
    "Upload",
]
