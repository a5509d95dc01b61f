"""Roles: what a layer or table of a delivery is, and which fields it then has.

The tables are data (``data/roles.csv``, ``data/fields.csv``). An alias that ends in ``?`` is weak: the name is used
for this field by some, and for
something else by others (``GDMJ`` is 供地面积 in one table and 耕地面积 in another).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, cast

from panhuo.land.tables import read_table
from panhuo.messages import PanhuoError, Text

FieldKind = Literal["text", "code", "int", "number", "area", "money", "date", "year", "bool", "list"]


@dataclass(frozen=True, slots=True)
class Field:
    """One standard field of a role.

    ``unit`` is the unit its values have once normalised (``m2``, ``wan_yuan``, ``share`` …); ``scheme`` names the
    code list that its
    values belong to; ``weak_aliases`` are names that often mean something else.
    """

    name: str
    zh: str
    en: str
    kind: FieldKind
    unit: str | None = None
    scheme: str | None = None
    required: bool = False
    aliases: tuple[str, ...] = ()
    weak_aliases: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Role:
    """What a layer or table is. ``geometry``: it has (True), has not (False) or may have (None) shapes; ``key`` is
    its key field."""

    id: str
    zh: str
    en: str
    geometry: bool | None
    key: str
    fields: tuple[Field, ...]
    hints: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that the role cannot do without."""
        return tuple(f.name for f in self.fields if f.required)

    def field(self, name: str) -> Field:
        """The field with this standard name; an error naming what there is if the role has none."""
        for f in self.fields:
            if f.name == name:
                return f
        have = ", ".join(f.name for f in self.fields)
        raise PanhuoError(
            f"“{self.zh}”没有名为“{name}”的标准字段，可用字段：{have}。",
            f"Role '{self.id}' has no standard field '{name}'; it has: {have}.",
        )


_GEOMETRY: Mapping[str, bool | None] = {"yes": True, "no": False, "either": None}


@cache
def _load() -> Mapping[str, Role]:
    fields: dict[str, list[Field]] = defaultdict(list)
    for r in read_table("fields.csv"):
        names = [a for a in r["aliases"].split("|") if a]
        fields[r["role"]].append(
            Field(
                r["name"],
                r["zh"],
                r["en"],
                cast(FieldKind, r["kind"]),
                r["unit"] or None,
                r["scheme"] or None,
                r["required"] == "yes",
                tuple(a for a in names if not a.endswith("?")),
                tuple(a[:-1] for a in names if a.endswith("?")),
            )
        )
    return MappingProxyType(
        {
            r["role"]: Role(
                r["role"],
                r["zh"],
                r["en"],
                _GEOMETRY[r["geometry"]],
                r["key"],
                tuple(fields[r["role"]]),
                tuple(r["hints"].split("|")),
            )
            for r in read_table("roles.csv")
        }
    )


#: Every role by id.
ROLES: Mapping[str, Role] = _load()


def role(name: str) -> Role:
    """The role with this id or Chinese name; an error naming the roles there are."""
    if name in ROLES:
        return ROLES[name]
    for r in ROLES.values():
        if name == r.zh:
            return r
    have = "、".join(f"{r.id}（{r.zh}）" for r in ROLES.values())
    raise PanhuoError(
        f"没有名为“{name}”的数据角色，可用：{have}。", f"There is no role '{name}'; there are: {', '.join(ROLES)}."
    )
