"""Writes of deliveries: receiving, describing, mending, deciding, asking."""

from panhuo_platform.deliveries.commands.deciding import accept_layers, mark_accepted, mark_undone, undo, withdraw
from panhuo_platform.deliveries.commands.describing import check, describe_layer
from panhuo_platform.deliveries.commands.handing import hand_out_bad_rows, hand_out_findings
from panhuo_platform.deliveries.commands.mending import adopt_repairs, correct, resubmit
from panhuo_platform.deliveries.commands.receiving import (
    begin_upload,
    drop_upload,
    finish_upload,
    open_delivery,
    put_part,
    receive,
    take_in,
)
from panhuo_platform.deliveries.commands.requesting import ask, cancel_request

__all__ = [
    "accept_layers",
    "adopt_repairs",
    "ask",
    "begin_upload",
    "cancel_request",
    "check",
    "correct",
    "describe_layer",
    "drop_upload",
    "finish_upload",
    "hand_out_bad_rows",
    "hand_out_findings",
    "mark_accepted",
    "mark_undone",
    "open_delivery",
    "put_part",
    "receive",
    "resubmit",
    "take_in",
    "undo",
    "withdraw",
]
