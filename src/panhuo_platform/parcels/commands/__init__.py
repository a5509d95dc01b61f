"""Writes of the register: one function is one use case."""

from __future__ import annotations

from panhuo_platform.parcels.commands.accepting import accept, compare_delivery, decide, undo_delivery
from panhuo_platform.parcels.commands.entering import Decisions, enter
from panhuo_platform.parcels.commands.exports import export
from panhuo_platform.parcels.commands.issues import answer_issue, assign_issue, enter_issues, report_issue
from panhuo_platform.parcels.commands.legacy import enter_legacy, propose_seal, seal, withdraw_seal
from panhuo_platform.parcels.commands.outcomes import set_outcomes, set_stage
from panhuo_platform.parcels.commands.shaping import merge, reshape, split
from panhuo_platform.parcels.commands.snapshots import snapshot
from panhuo_platform.parcels.commands.undoing import undo
from panhuo_platform.parcels.commands.upper import gate, leave

__all__ = [
    "Decisions",
    "accept",
    "answer_issue",
    "assign_issue",
    "compare_delivery",
    "decide",
    "enter",
    "enter_issues",
    "enter_legacy",
    "export",
    "gate",
    "leave",
    "merge",
    "propose_seal",
    "report_issue",
    "reshape",
    "seal",
    "set_outcomes",
    "set_stage",
    "snapshot",
    "split",
    "undo",
    "undo_delivery",
    "withdraw_seal",
]
