"""盘活: turns a city's policy for redeveloping inefficient land into a running system.

The public interface. Everything is imported on first use, so that ``import panhuo`` costs nothing::

    import panhuo as ph

    pack = ph.load_pack("demo", on=date(2026, 11, 21))     # inherited, dated, validated
    delivery = ph.open_delivery("交付.zip")                 # layers, tables, what was found while reading
    findings = ph.check(delivery, pack)                    # one row a finding
    facts = ph.measure(delivery, pack)                     # one row a parcel
    verdicts = ph.identify(facts, pack)                    # one outcome a parcel, with its evidence
    print(ph.explain(verdicts, parcel="990112001001GB00001"))
    flips = ph.compare(facts, pack, other_pack)            # back-test
    shares = ph.shares(parcels, zones, by="GHYT")          # area of intersection per parcel and class, m²

Tables are Polars frames, areas m² (ellipsoidal unless a name says planar), shares 0 to 1; null is unknown,
never false. What can go wrong for people is a ``PanhuoError`` in Chinese and English. ``docs/library.md`` tells more.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from panhuo.exchange import Delivery, Layer, open_delivery, write
    from panhuo.identify import (
        Explanation,
        Flips,
        Verdicts,
        compare,
        explain,
        explanation_of,
        identify,
        run_pack_tests,
    )
    from panhuo.messages import Finding, PanhuoError, Stopped, Text
    from panhuo.packs import Pack, check_pack, diff, freeze, list_packs, load_pack, new_pack
    from panhuo.progress import Progress
    from panhuo.survey.config import SurveyConfig
    from panhuo.survey.finished import Finished, finished, status
    from panhuo.survey.measured import Measured
    from panhuo.survey.outside import check, measure, shares
    from panhuo.survey.run import Result, open_survey, run

from panhuo.version import __version__

__all__ = [
    "Delivery",
    "Explanation",
    "Finding",
    "Finished",
    "Flips",
    "Layer",
    "Measured",
    "Pack",
    "PanhuoError",
    "Progress",
    "Result",
    "Stopped",
    "SurveyConfig",
    "Text",
    "Verdicts",
    "__version__",
    "check",
    "check_pack",
    "compare",
    "diff",
    "explain",
    "explanation_of",
    "finished",
    "freeze",
    "identify",
    "list_packs",
    "load_pack",
    "measure",
    "new_pack",
    "open_delivery",
    "open_survey",
    "run",
    "run_pack_tests",
    "shares",
    "status",
    "write",
]

#: Public name -> the module that it comes from.
_HOMES = {
    **dict.fromkeys(("Delivery", "Layer", "open_delivery", "write"), "panhuo.exchange"),
    **dict.fromkeys(
        ("Explanation", "Flips", "Verdicts", "compare", "explain", "explanation_of", "identify", "run_pack_tests"),
        "panhuo.identify",
    ),
    **dict.fromkeys(("Finding", "PanhuoError", "Stopped", "Text"), "panhuo.messages"),
    **dict.fromkeys(("Pack", "check_pack", "diff", "freeze", "list_packs", "load_pack", "new_pack"), "panhuo.packs"),
    "Progress": "panhuo.progress",
    "SurveyConfig": "panhuo.survey.config",
    **dict.fromkeys(("Finished", "finished", "status"), "panhuo.survey.finished"),
    **dict.fromkeys(("Result", "open_survey", "run"), "panhuo.survey.run"),
    "Measured": "panhuo.survey.measured",
    **dict.fromkeys(("check", "measure", "shares"), "panhuo.survey.outside"),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'panhuo' has no attribute {name!r}")
    module = import_module(home)
    if home == f"panhuo.{name}":
        return module  # panhuo.identify is the package and, called, its function
    found = getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
