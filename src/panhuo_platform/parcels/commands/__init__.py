"""Writes of the register: one function is one use case."""

from __future__ import annotations

from panhuo_platform.parcels.commands.entering import Decisions, enter
from panhuo_platform.parcels.commands.outcomes import set_outcomes, set_stage
from panhuo_platform.parcels.commands.undoing import undo

__all__ = ["Decisions", "enter", "set_outcomes", "set_stage", "undo"]
