"""How things look on maps, on the screen and on paper: one place for colours, patterns and their names.

Every class differs in lightness and, where knowledge is missing, in pattern, never in colour alone. Names stand beside
their swatches in the page's dark ink, so that their contrast is the page's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from panhuo.survey.tables import OUTCOMES
from panhuo_platform.organisations import locality
from panhuo_platform.pages.templatetags.panhuo_tags import told

#: A pattern over the fill, as the library's maps number them.
Pattern = Literal["", "falling", "rising", "dots", "level"]
PATTERNS: Mapping[str, int] = {"": 0, "falling": 1, "rising": 2, "dots": 3, "level": 4}


@dataclass(frozen=True, slots=True)
class Look:
    """How one value is drawn: ``value`` as the tile says it, fill and outline as #rrggbb."""

    value: str
    label: str
    fill: str
    line: str
    pattern: Pattern = ""


@dataclass(frozen=True, slots=True)
class Colouring:
    """A way of colouring parcels: by the tile's ``property``. The last look is that of every other value."""

    id: str
    title: str
    property: str
    looks: tuple[Look, ...]


_OUTCOMES: Mapping[str, tuple[str, str, Pattern]] = {
    "identified": ("#e8793a", "#8a2d08", ""),
    "unknown": ("#f6d573", "#6b4400", "falling"),
    "not": ("#b4c6d4", "#4b6478", ""),
    "excluded": ("#dfe2e6", "#6b7280", "level"),
    "handed_back": ("#e8a3b7", "#9f1239", "dots"),
}
_NONE = ("#ffffff", "#8d99a6")
#: Fills that people with the common kinds of colour blindness tell apart too (after Okabe and Ito, and Tol).
_FILLS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#4477aa", "#b2533e", "#999933", "#882255", "#66ccbb")
_LINES = ("#7a5300", "#1c5f86", "#00553e", "#7d7500", "#7c3c60", "#22405e", "#5e2416", "#50500f", "#4d0f30", "#1f6b5e")


def colourings() -> tuple[Colouring, ...]:
    """Ways of colouring parcels, named in the reader's language; classes and stages are the adopted pack's."""
    outcomes = tuple(_outcome(value) for value in OUTCOMES)
    return (
        Colouring("outcome", _("认定结论"), "outcome", (*outcomes, Look("", _("未认定"), *_NONE))),
        Colouring("class", _("低效类别"), "class", (*_counted(_classes()), Look("", _("无类别"), *_NONE))),
        Colouring("stage", _("办理环节"), "stage", (*_counted(_stages()), Look("", _("未开始"), *_NONE))),
        Colouring("plain", _("只画边界"), "", (Look("", _("宗地"), "#ffffff", "#5b6875"),)),
    )


def _outcome(value: str) -> Look:
    fill, line, pattern = _OUTCOMES[value]
    return Look(value, told(OUTCOMES[value]), fill, line, pattern)


def colouring(name: str) -> Colouring:
    """The way of colouring of this name; the first one where there is none."""
    known = colourings()
    return next((c for c in known if c.id == name), known[0])


def _counted(named: list[tuple[str, str]]) -> list[Look]:
    """A fill for each; those beyond the palette use it again with a pattern."""
    patterns: tuple[Pattern, ...] = ("", "rising", "dots")
    return [
        Look(
            value, label, _FILLS[k % len(_FILLS)], _LINES[k % len(_LINES)],
            patterns[min(k // len(_FILLS), len(patterns) - 1)],
        )
        for k, (value, label) in enumerate(named)
    ]  # fmt: skip


def _classes() -> list[tuple[str, str]]:
    """Classes with a condition of their own, or that no other one lies in: what a main class can be."""
    pack = locality.frozen()
    classes: list[dict[str, Any]] = pack["content"]["standard"]["classes"] if pack else []
    above = {c.get("parent") for c in classes}
    return [(str(c["id"]), told(c["name"])) for c in classes if c.get("when") or c["id"] not in above]


def _stages() -> list[tuple[str, str]]:
    pack = locality.frozen()
    for chain in pack["content"]["workflow"]["chains"] if pack else ():
        if chain["object"] == "record":
            return [(str(s["id"]), told(s["name"])) for s in chain["states"]]
    return []


#: Layers beside the parcels: their looks by the name of the layer.
OTHERS: Mapping[str, Look] = {
    "townships": Look("townships", gettext_noop("乡镇街道界线"), "#ffffff", "#3a4653"),
    "legacy": Look("legacy", gettext_noop("历史遗留用地"), "#d9c2f0", "#5b2c86", "rising"),
    "cells": Look("cells", gettext_noop("宗地数量（缩小时）"), "#8fa3b5", "#34495a"),
}


def other(layer: str) -> Look:
    """The look of a layer beside the parcels, named in the reader's language."""
    look = OTHERS[layer]
    return Look(look.value, _(look.label), look.fill, look.line, look.pattern)


#: Overlays of deliveries, one after the other.
OVERLAYS: tuple[tuple[str, str, Pattern], ...] = (
    ("#bfe3c8", "#14632f", "falling"),
    ("#f7c6c2", "#a31c12", "rising"),
    ("#c9dcf4", "#1d4f91", "dots"),
    ("#f3e3b0", "#7a5b00", "level"),
    ("#e3d2ee", "#613583", "falling"),
    ("#cdeae8", "#0b5f5a", "rising"),
)
