"""Parameters of the checks for one survey: the catalogue's defaults, the pack's values, the survey's own."""

from __future__ import annotations

from panhuo.packs import Pack
from panhuo.quality.catalogue import Settings
from panhuo.survey.config import SurveyConfig

#: Parameters of a pack that set a check are called ``check-<code>-<name>``, as ``check-A06-share``: no dots in an id.
PREFIX = "check-"


def check_settings(config: SurveyConfig, pack: Pack) -> Settings:
    """The survey's own values win over the pack's, the pack's over the catalogue's."""
    values = {
        p.id.removeprefix(PREFIX).replace("-", ".", 1): float(p.value)
        for p in pack.meta.parameters
        if p.id.startswith(PREFIX) and isinstance(p.value, int | float)
    }
    return Settings({**values, **config.checks}, frozenset(config.skip))
