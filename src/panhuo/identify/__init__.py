"""Standard -> compiled conditions -> verdicts with evidence; explanation, comparison of standards, 亩产效益
evaluation.
"""

import sys
from types import ModuleType
from typing import Any

from panhuo.identify.comparison import Flips, compare, flips_between
from panhuo.identify.condition_table import condition_table
from panhuo.identify.conditions import Standard
from panhuo.identify.decisions import Decisions, RowHit, decide
from panhuo.identify.examples import ExampleResult, run_pack_tests
from panhuo.identify.explanation import explain, explanation_of
from panhuo.identify.explanation_parts import Explanation
from panhuo.identify.from_pack import standard_of
from panhuo.identify.store import load, save
from panhuo.identify.verdicts import FactSource, Verdicts, identify
from panhuo.identify.yield_evaluation import YieldEvaluation, evaluate_yield

__all__ = [
    "Decisions",
    "ExampleResult",
    "Explanation",
    "FactSource",
    "Flips",
    "RowHit",
    "Standard",
    "Verdicts",
    "YieldEvaluation",
    "compare",
    "condition_table",
    "decide",
    "evaluate_yield",
    "explain",
    "explanation_of",
    "flips_between",
    "identify",
    "load",
    "run_pack_tests",
    "save",
    "standard_of",
]


class _Callable(ModuleType):
    """``ph.identify(facts, pack)`` is a verb of the library; this package bears its name and may be called."""

    def __call__(self, *given: Any, **named: Any) -> Verdicts:
        return identify(*given, **named)


sys.modules[__name__].__class__ = _Callable
