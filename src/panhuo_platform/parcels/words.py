"""Names of what the register holds, as the adopted pack and the divisions of today call it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from panhuo.survey.tables import OUTCOMES
from panhuo_platform.organisations import locality
from panhuo_platform.parcels.exporting import class_names, stage_names
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.regions import queries as regions


def _said(name: dict[str, str]) -> str:
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    return name.get(lang) or name["zh"]


def townships() -> dict[str, str]:
    """Code -> name of the townships of today."""
    return regions.township_names()


def classes() -> dict[str, str]:
    """Class of inefficient land -> its name, in the reader's language."""
    pack = locality.frozen()
    return {c["id"]: _said(c["name"]) for c in pack["content"]["standard"]["classes"]} if pack else {}


def stages() -> dict[str, str]:
    """State of the chain of records -> its name, in the reader's language."""
    pack = locality.frozen()
    chains = pack["content"]["workflow"]["chains"] if pack else ()
    return {s["id"]: _said(s["name"]) for c in chains if c["object"] == "record" for s in c["states"]}


def outcomes() -> dict[str, str]:
    """Outcome -> its name; ``-`` for parcels without one."""
    lang: Any = "en" if (get_language() or "").startswith("en") else "zh"
    return {k: v(lang) for k, v in OUTCOMES.items() if k != "handed_back"} | {"-": _("未认定")}


def named(rows: list[Parcel]) -> list[Parcel]:
    """The rows with the names of their township, class and stage."""
    towns, kinds, steps = townships(), classes(), stages()
    for row in rows:
        row.town_name = towns.get(row.township_code, row.township_code)  # type: ignore[attr-defined]
        row.class_name = kinds.get(row.main_class, row.main_class)  # type: ignore[attr-defined]
        row.stage_name = steps.get(row.stage, row.stage)  # type: ignore[attr-defined]
    return rows


__all__ = ["class_names", "classes", "named", "outcomes", "stage_names", "stages", "townships"]
