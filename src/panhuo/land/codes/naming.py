"""Codes as people read them: with their names beside them."""

from __future__ import annotations

import re
from functools import cache

from panhuo.land.codes.industry import DIVISIONS, INDUSTRIES
from panhuo.land.codes.landuse import SCHEMES, known_classes
from panhuo.land.codes.lists import CODE_LISTS
from panhuo.land.facts import FACTS
from panhuo.land.roles import ROLES
from panhuo.messages import Text

#: Fields and facts that may hold free words, and mostly hold codes of a list.
_MOSTLY = {"current_use": "gbt21010", "main_land_class": "survey3", "industry_division": "gbt4754"}
#: What stands between several uses of one parcel.
_BETWEEN = re.compile(r"[、,，;；/]")
_DIVISIONS = {code[1:]: code for code in DIVISIONS}


def code_name(code: str, scheme: str) -> Text | None:
    """What a code of a list is called; None for what is no code of it, and for a list that is not known here.

    scheme : of land classes (:data:`SCHEMES`), a short list (:data:`CODE_LISTS`), or ``gbt4754``
    """
    if scheme in SCHEMES:
        found = known_classes(scheme).get(code)
        return found.text if found else None
    if scheme in CODE_LISTS:
        items = CODE_LISTS[scheme]
        item = items.get(code) or items.get(code.lstrip("0") if code.isdigit() else code)
        # in a list whose entries are known by their names the code says nothing more
        return item.text if item and code != item.zh else None
    if scheme == "gbt4754":
        return _industry(code)
    return None


def _industry(code: str) -> Text | None:
    """Names are known down to the divisions: a class is called by its division, with that one's code."""
    parts = re.fullmatch(r"([A-T]?)(\d*)", code)
    letter, number = (parts[1], parts[2]) if parts else ("", "")
    if letter and not number:
        return INDUSTRIES[letter].text if letter in INDUSTRIES else None
    division = _DIVISIONS.get(number[:2])
    if division is None or letter not in ("", division[0]) or len(number) > 4:
        return None
    name = DIVISIONS[division].text
    return name if len(number) == 2 else Text(f"（{division} {name.zh}）", f"({division} {name.en})")


def with_names(value: str, scheme: str | None) -> Text:
    """A value with the name of its code: ``0701`` as ``0701 城镇住宅用地``, ``0601/0604`` with both names.

    What is no code of the list stays as it is.
    """
    if not scheme or not value:
        return Text(value, value)
    names = [(part.strip(), code_name(part.strip(), scheme)) for part in _BETWEEN.split(value)]
    if any(name is None for _, name in names):
        return Text(value, value)
    return Text(
        "、".join(f"{code} {name.zh}" for code, name in names if name),
        ", ".join(f"{code} {name.en}" for code, name in names if name),
    )


@cache
def list_of(name: str, role: str | None = None) -> str | None:
    """The list that the values of a field of a role, or of a fact, belong to; None where they are no codes."""
    if name in _MOSTLY:
        return _MOSTLY[name]
    role = role or (FACTS[name].source_role if name in FACTS else None)
    fields = ROLES[role].fields if role and role in ROLES else ()
    return next((f.scheme for f in fields if f.name == name), None)
