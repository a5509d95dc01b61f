"""The words that conditions and expressions may use: facts of a parcel, fields of an enterprise, derived facts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from panhuo.land.facts import FACTS
from panhuo.land.roles import ROLES
from panhuo.packs.models import Indicators

Kind = Literal["text", "number", "int", "bool", "date", "list", "unknown"]

#: What is known of a parcel only after identification: for the gate of policy use and for decision tables.
CASE_FACTS: Mapping[str, Kind] = MappingProxyType(
    {"in_upper_register": "bool", "main_class": "text", "outcome": "text"}
)
_ENTERPRISE_ROLES = ("enterprises", "economy", "yield_classes", "safety", "environment")
_KINDS: Mapping[str, Kind] = {
    "text": "text", "code": "text", "int": "int", "year": "int", "number": "number", "area": "number",
    "money": "number", "date": "date", "bool": "bool", "list": "list",
}  # fmt: skip


def parcel_words(indicators: Indicators) -> dict[str, Kind]:
    """Facts of the catalogue and derived facts of the pack, with their kinds."""
    words: dict[str, Kind] = {name: fact.kind for name, fact in FACTS.items()}
    words.update(dict.fromkeys(indicators.derived, "unknown"))
    return words


def enterprise_words(indicators: Indicators) -> dict[str, Kind]:
    """What the yield evaluation may use: fields of the enterprise tables, and facts of the parcel."""
    words = parcel_words(indicators)
    for role in _ENTERPRISE_ROLES:
        words.update({field.name: _KINDS[field.kind] for field in ROLES[role].fields})
    return words
