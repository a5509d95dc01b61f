"""Standard -> compiled conditions -> verdicts with evidence; explanation, comparison of standards, 亩产效益 evaluation."""

from panhuo.identify.verdicts import FactSource, Verdicts, identify

__all__ = ["FactSource", "Verdicts", "identify"]
