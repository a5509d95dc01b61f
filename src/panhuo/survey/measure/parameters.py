"""What a pack may set about measuring: indicator -> parameter -> the value used where the pack says nothing.

The defaults are technical (half of a parcel decides), not policy; a pack that fixes another share writes it under
``parameters:`` of the indicator in indicators.yaml, with its clause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from panhuo.messages import PanhuoError
from panhuo.packs import Pack

Value = float | str | bool

#: Every parameter that measuring knows.
PARAMETERS: Mapping[str, Mapping[str, Value]] = MappingProxyType(
    {
        "is_urban_stock": {"minimum_share": 0.5, "minimum_construction_share": 0.5},
        "is_village_land": {"minimum_share": 0.5},
        "second_survey_is_construction": {"minimum_share": 0.5},
        "in_renewal_area": {"minimum_share": 0.5},
        "in_exit_list": {"minimum_share": 0.5},
        "in_legacy_register": {"minimum_share": 0.5},
        "is_industry_land": {"groups": "工业、仓储"},
        "plot_ratio": {"double_height_over_m": 8.0},
        "economy_year": {"years": 1.0},
        "safety_compliant": {"no_record_means_compliant": False},
        "environment_compliant": {"no_record_means_compliant": False},
    }
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters in force: the pack's, over the defaults."""

    values: Mapping[str, Mapping[str, Value]]

    def number(self, fact: str, name: str) -> float:
        return float(self.values[fact][name])

    def flag(self, fact: str, name: str) -> bool:
        return self.values[fact][name] is True

    def words(self, fact: str, name: str) -> tuple[str, ...]:
        return tuple(w.strip() for w in str(self.values[fact][name]).replace(",", "、").split("、") if w.strip())


def parameters_of(pack: Pack) -> Parameters:
    """The parameters of a pack. One that measuring does not know is an error: it would silently do nothing.

    A parameter that the pack leaves open keeps the default; the pack's own page says that it is open.
    """
    values = {fact: dict(known) for fact, known in PARAMETERS.items()}
    for entry in pack.indicators.indicators:
        if entry.expr is not None:
            continue
        for name in entry.parameters:
            known = PARAMETERS.get(entry.id, {})
            if name not in known:
                place = pack.place(f"indicators.indicators.{entry.id}")
                have = "、".join(known) or "（无）"
                raise PanhuoError(
                    f"指标 {entry.id} 没有参数“{name}”，可用的有：{have}。",
                    f"Indicator {entry.id} has no parameter '{name}'; there are: {', '.join(known) or 'none'}.",
                    where=str(place) if place else pack.id,
                )
            given = entry.parameter(name)
            if given is not None:
                values[entry.id][name] = given
    return Parameters(values)
