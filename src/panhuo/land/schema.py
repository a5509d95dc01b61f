"""Which role a layer has and which of its columns is which field.

Nothing here decides alone: every guess has a score and names its rivals, so that a person can look and change it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from panhuo.land.headers import Header, read_header, squeeze
from panhuo.land.roles import ROLES, Field, FieldKind, Role, role

__all__ = [
    "ROLES",
    "Field",
    "FieldKind",
    "FieldMap",
    "Match",
    "Role",
    "guess_role",
    "map_fields",
    "read_header",
    "role",
    "score_header",
]

#: Below this a column is not taken for a field.
LEAST_SCORE = 0.55
_EXACT, _STANDARD, _WEAK = 1.0, 1.0, 0.62
_DBF_NAME_BYTES = 10


@dataclass(frozen=True, slots=True)
class Match:
    """The column taken for a field: how sure (0..1), the unit and year that its header names, and other columns that
    would do."""

    column: str
    score: float
    unit: str | None = None
    year: int | None = None
    rivals: tuple[tuple[str, float], ...] = ()

    @property
    def doubtful(self) -> bool:
        """True where a person should look: a weak match, or a rival as good."""
        return self.score < 0.8 or any(s >= self.score - 0.02 for _, s in self.rivals)


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Standard field name -> column of the delivered table.

    ``unused`` are columns that no field took; ``missing`` the required fields without a column; ``years`` the columns
    of a
    field that comes once a year (``2023年税收``, ``2024年税收``): field -> year -> column.
    """

    role: str
    matches: Mapping[str, Match]
    unused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    years: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.matches

    def column(self, name: str) -> str | None:
        """The column of a standard field, or None."""
        m = self.matches.get(name)
        return m.column if m else None

    @property
    def columns(self) -> dict[str, str]:
        """Standard field name -> column, for renaming."""
        return {n: m.column for n, m in self.matches.items()}


@cache
def _aliases(role_id: str) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Field name -> its names squeezed, each with the weight of an exact hit."""
    out: dict[str, tuple[tuple[str, float], ...]] = {}
    for f in ROLES[role_id].fields:
        names: dict[str, float] = {}
        for a in f.weak_aliases:
            names[squeeze(a)] = _WEAK
        # an alias listed early is the commoner name: it wins over a later one by a hair
        for place, a in enumerate((f.name, f.zh, *f.aliases, f.en)):
            key = squeeze(a)
            # as it stands, and without the unit that a header's reader takes off it
            for name in {key, *(n for n, trust in read_header(a).names if trust == 1.0)}:
                names[name] = max(names.get(name, 0.0), _EXACT - min(place, 30) * 0.0005)
        out[f.name] = tuple(names.items())
    return MappingProxyType(out)


def _cut_off(name: str, alias: str) -> bool:
    """True where ``name`` is ``alias`` cut to the ten bytes of a DBF field name (GBK or UTF-8)."""
    if not alias.startswith(name) or len(name) >= len(alias):
        return False
    sizes = (len(name.encode("gb18030")), len(name.encode("utf-8")))
    return any(_DBF_NAME_BYTES - 2 <= s <= _DBF_NAME_BYTES for s in sizes) and len(name) >= 3


_PREFIXES = ("宗地", "地块", "土地", "企业", "图斑", "单位", "所属", "所在", "项目", "用地", "房屋", "建筑")


def score_header(header: Header, role_id: str, name: str) -> float:
    """How well a header fits a field of a role, 0..1."""
    best = 0.0
    for text, trust in header.names:
        for alias, weight in _aliases(role_id)[name]:
            if text == alias:
                s = weight
            elif _cut_off(text, alias):
                s = 0.86 * weight
            elif text.isascii() or alias.isascii() or len(alias) < 2:
                continue
            elif text.startswith(_PREFIXES) and text[2:] == alias:
                s = 0.85 * weight
            elif alias in text:
                # the longer the part that is explained, the surer; a tail counts more than a head: 现状土地用途 is a
                # 用途
                share = len(alias) / len(text)
                s = (0.42 + 0.42 * share if text.endswith(alias) else 0.36 + 0.42 * share) * weight
            else:
                continue
            best = max(best, s * trust)
    return best


def map_fields(role_id: str, fields: Sequence[str], *, given: Mapping[str, str] | None = None) -> FieldMap:
    """Find the column of each standard field of a role.

    fields : the column headers as delivered (``A/B`` for multi-row headers)
    given : standard name -> column said by a person; taken as it is (score 1) if the column exists

    Each column serves one field at most, best score first. A field that comes in several yearly columns takes the
    latest.
    """
    r = role(role_id)
    headers = {c: read_header(c) for c in fields}
    scores: dict[tuple[str, str], float] = {}
    for f in r.fields:
        for c, h in headers.items():
            s = score_header(h, r.id, f.name)
            if s >= LEAST_SCORE:
                scores[f.name, c] = s
    taken: dict[str, tuple[str, float]] = {n: (c, 1.0) for n, c in (given or {}).items() if c in headers}
    used = {c for c, _ in taken.values()}
    order = {f.name: i for i, f in enumerate(r.fields)}
    place = {c: i for i, c in enumerate(headers)}
    ranked = sorted(
        scores.items(), key=lambda p: (-round(p[1], 4), -(headers[p[0][1]].year or 0), order[p[0][0]], place[p[0][1]])
    )
    for (name, column), s in ranked:
        if name not in taken and column not in used:
            taken[name] = (column, s)
            used.add(column)
    years = _years(taken, scores, headers)
    used |= {c for by_year in years.values() for c in by_year.values()}
    matches: dict[str, Match] = {}
    for f in r.fields:
        if f.name not in taken:
            continue
        column, s = taken[f.name]
        rivals = sorted(
            ((c, round(v, 3)) for (n, c), v in scores.items() if n == f.name and c != column), key=lambda p: -p[1]
        )
        h = headers[column]
        matches[f.name] = Match(column, round(s, 3), h.unit, h.year, tuple(rivals[:4]))
    return FieldMap(
        r.id,
        MappingProxyType(matches),
        tuple(c for c in fields if c not in used),
        tuple(n for n in r.required if n not in matches),
        MappingProxyType(years),
    )


def _years(
    taken: Mapping[str, tuple[str, float]], scores: Mapping[tuple[str, str], float], headers: Mapping[str, Header]
) -> dict[str, Mapping[int, str]]:
    out: dict[str, Mapping[int, str]] = {}
    for name, (column, s) in taken.items():
        if headers[column].year is None:
            continue
        found: dict[int, str] = {}
        for (n, c), v in scores.items():
            year = headers[c].year
            if n == name and year is not None and v >= s - 0.05:
                found.setdefault(year, c)
        if len(found) > 1:
            out[name] = MappingProxyType(dict(sorted(found.items())))
    return out


@cache
def _rarity() -> Mapping[tuple[str, str], float]:
    """(role, field) -> how telling the field is: the fewer roles know its names, the more."""
    known: dict[str, set[str]] = {}
    for r in ROLES.values():
        for names in _aliases(r.id).values():
            for alias, _ in names:
                known.setdefault(alias, set()).add(r.id)
    out = {}
    for r in ROLES.values():
        for name, names in _aliases(r.id).items():
            strong = [len(known[a]) for a, w in names if w > _WEAK]
            out[r.id, name] = 1.0 / (1.0 + math.log(sum(strong) / len(strong)))
    return MappingProxyType(out)


def _name_score(name: str, r: Role) -> float:
    """How far the name of the layer (or file) speaks for the role: the longest hint that it holds."""
    text = squeeze(name)
    best = 0.0
    for hint in r.hints:
        h = squeeze(hint)
        if h.isascii() and len(h) <= 3:
            hit = text == h or text.startswith((h + "_", h + "-")) or text.endswith("_" + h)
        else:
            hit = h in text
        if hit:
            weight = 0.55 + 0.09 * min(len(h) if not h.isascii() else len(h) / 2, 5)
            if text.endswith(h) or text == h:
                weight += 0.05
            best = max(best, min(weight, 1.0))
    return best


def guess_role(name: str, fields: Sequence[str], has_geometry: bool) -> list[tuple[str, float]]:
    """The roles that a layer may have, best first, each with a score 0..1.

    name : the name of the layer, sheet or file (folders may be part of it: ``06企业/经济指标``)
    fields : its column headers
    has_geometry : True where it has shapes
    """
    out = []
    for r in ROLES.values():
        m = map_fields(r.id, fields)
        rarity = _rarity()
        weight = sum(rarity[r.id, n] * x.score for n, x in m.matches.items() if x.score >= 0.7)
        taken = sum(1 for x in m.matches.values() if x.score >= 0.7)
        explained = taken / max(1, min(len(fields), 12))
        found = (1 - math.exp(-weight / 1.6)) * (0.45 + 0.55 * min(1.0, explained))
        if m.missing:
            found *= 0.45
        called = _name_score(name, r)
        score = 1 - (1 - 0.75 * called) * (1 - 0.8 * found)
        if r.geometry is not None and r.geometry != has_geometry:
            score *= 0.3
        if not taken and not called:
            continue
        out.append((r.id, round(score, 3)))
    return sorted((x for x in out if x[1] > 0.05), key=lambda p: -p[1])
