"""Writes of the register: one function is one use case."""

from __future__ import annotations

from panhuo_platform.parcels.commands.outcomes import set_outcomes, set_stage

__all__ = ["set_outcomes", "set_stage"]
