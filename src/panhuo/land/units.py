"""Areas and money in the units that offices write, and rounding that adds up.

The square metre is the master unit. 1 公顷 = 10 000 m²; 1 亩 = 1/15 公顷 = 2000/3 m² exactly, so a value in 亩 is
kept as a fraction until it is written.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from panhuo.messages import PanhuoError, Text

AreaUnit = Literal["m2", "hectare", "mu", "wan_m2", "km2"]
MoneyUnit = Literal["yuan", "qian_yuan", "wan_yuan", "million_yuan", "yi_yuan"]

#: Square metres in one unit, exactly.
AREA_UNITS: Mapping[str, Fraction] = MappingProxyType(
    {
        "m2": Fraction(1),
        "hectare": Fraction(10_000),
        "mu": Fraction(2000, 3),
        "wan_m2": Fraction(10_000),
        "km2": Fraction(1_000_000),
    }
)
#: Yuan in one unit, exactly.
MONEY_UNITS: Mapping[str, Fraction] = MappingProxyType(
    {
        "yuan": Fraction(1),
        "qian_yuan": Fraction(1000),
        "wan_yuan": Fraction(10_000),
        "million_yuan": Fraction(1_000_000),
        "yi_yuan": Fraction(100_000_000),
    }
)
UNIT_TEXTS: Mapping[str, Text] = MappingProxyType(
    {
        "m2": Text("平方米", "m²"),
        "hectare": Text("公顷", "ha"),
        "mu": Text("亩", "mu"),
        "wan_m2": Text("万平方米", "10,000 m²"),
        "km2": Text("平方公里", "km²"),
        "yuan": Text("元", "yuan"),
        "qian_yuan": Text("千元", "1,000 yuan"),
        "wan_yuan": Text("万元", "10,000 yuan"),
        "million_yuan": Text("百万元", "million yuan"),
        "yi_yuan": Text("亿元", "100 million yuan"),
    }
)
#: Decimals that each unit is written with (三调 practice; lists may ask four for 亩).
DECIMALS: Mapping[str, int] = MappingProxyType({"m2": 2, "hectare": 4, "mu": 2, "wan_m2": 4, "km2": 4, "wan_yuan": 2})

M2_PER_MU = Fraction(2000, 3)
M2_PER_HECTARE = Fraction(10_000)

Number = int | float | Decimal | Fraction


def exact(value: Number | str) -> Fraction:
    """The number as it is written: ``0.1`` is one tenth, not the nearest binary fraction."""
    if isinstance(value, float):
        return Fraction(Decimal(repr(value)))
    return Fraction(value)


def _factor(unit: str) -> Fraction:
    for table in (AREA_UNITS, MONEY_UNITS):
        if unit in table:
            return table[unit]
    have = ", ".join((*AREA_UNITS, *MONEY_UNITS))
    raise PanhuoError(f"不认识单位“{unit}”，可用：{have}。", f"Unknown unit '{unit}'; there are: {have}.")


def convert(value: Number | str, from_unit: str, to_unit: str) -> Fraction:
    """A value in another unit of the same kind, exactly. Area units and money units do not mix."""
    whole, part = _factor(from_unit), _factor(to_unit)
    if (from_unit in AREA_UNITS) != (to_unit in AREA_UNITS):
        raise PanhuoError(
            f"单位“{from_unit}”与“{to_unit}”不能互换。", f"Units '{from_unit}' and '{to_unit}' are of different kinds."
        )
    return exact(value) * whole / part


def to_mu(m2: Number) -> Fraction:
    """Square metres in 亩, exactly."""
    return exact(m2) / M2_PER_MU


def to_hectare(m2: Number) -> Fraction:
    """Square metres in 公顷, exactly."""
    return exact(m2) / M2_PER_HECTARE


def factor(from_unit: str, to_unit: str) -> float:
    """The factor from one unit to another as a float, for whole columns."""
    return float(convert(1, from_unit, to_unit))


def round_half_up(value: Number, decimals: int) -> Decimal:
    """Commercial rounding (half away from zero) of the number as written. Python's own ``round`` goes to even."""
    q = exact(value)
    scaled = abs(q) * 10**decimals
    whole = math.floor(scaled + Fraction(1, 2))
    return Decimal(-whole if q < 0 else whole).scaleb(-decimals)


def format_area(
    m2: Number | None, unit: str = "mu", *, decimals: int | None = None, lang: Literal["zh", "en"] = "zh"
) -> str:
    """An area as officials write it: ``format_area(34800) == '52.20亩'``. None gives ``—``."""
    if m2 is None or (isinstance(m2, float) and not math.isfinite(m2)):
        return "—"
    places = DECIMALS[unit] if decimals is None else decimals
    number = (
        f"{round_half_up(convert(m2, 'm2', unit), places):,.{places}f}"
        if lang == "en"
        else (f"{round_half_up(convert(m2, 'm2', unit), places):.{places}f}")
    )
    return number + UNIT_TEXTS[unit].zh if lang == "zh" else f"{number} {UNIT_TEXTS[unit].en}"


def round_parts(parts: Sequence[Number], total: Number | None = None, decimals: int = 2) -> list[Decimal]:
    """Round parts so that they add up to the rounded total (largest remainder).

    total : what the parts are parts of; their sum if not given. It is rounded commercially, and the parts are made to
    add up to it.
    Each part moves by less than one unit of the last place when ``total`` is the sum; the largest remainders are
    rounded up, ties in the given order.
    """
    if not parts:
        if total is not None and round_half_up(total, decimals) != 0:
            raise PanhuoError("没有分项，无法凑成合计。", "There are no parts to add up to the total.")
        return []
    values = [exact(p) * 10**decimals for p in parts]
    whole = sum(values, Fraction(0)) if total is None else exact(total) * 10**decimals
    target = int(round_half_up(whole, 0))
    floors = [math.floor(v) for v in values]
    spare = target - sum(floors)
    each, extra = divmod(spare, len(floors))
    if total is None and not 0 <= spare <= len(floors):  # pragma: no cover - arithmetic makes this impossible
        raise AssertionError(spare)
    order = sorted(range(len(values)), key=lambda i: (-(values[i] - floors[i]), i))
    out = [f + each for f in floors]
    for i in order[:extra]:
        out[i] += 1
    return [Decimal(v).scaleb(-decimals) for v in out]


def round_table(cells: Sequence[Sequence[Number]], decimals: int = 2) -> list[list[Decimal]]:
    """Round a table so that rows, columns and the grand total all add up.

    cells : rows of equal length. Every cell is rounded up or down, every row and column sum too, and each printed sum
    is the sum of the
    printed cells. Such a rounding always exists (controlled rounding, Cox 1987); it is found by cancelling cycles of
    fractional cells.
    """
    rows = [[exact(c) * 10**decimals for c in row] for row in cells]
    if not rows or not rows[0]:
        return [[] for _ in rows]
    width = len(rows[0])
    if any(len(r) != width for r in rows):
        raise PanhuoError("各行列数不同。", "The rows of the table are not of one length.")
    whole = [[math.floor(c) for c in row] for row in rows]
    part = [[c - f for c, f in zip(row, low, strict=True)] for row, low in zip(rows, whole, strict=True)]
    up = _controlled(part)
    return [
        [Decimal(w + u).scaleb(-decimals) for w, u in zip(low, plus, strict=True)]
        for low, plus in zip(whole, up, strict=True)
    ]


def _controlled(part: list[list[Fraction]]) -> list[list[int]]:
    """0/1 matrix whose row, column and total sums are the floor or ceiling of those of ``part`` (cells in [0, 1))."""
    n, m = len(part), len(part[0])
    grid: list[list[Fraction]] = [[*row, -sum(row, Fraction(0)) % 1] for row in part]
    grid.append([-sum((r[j] for r in grid), Fraction(0)) % 1 for j in range(m + 1)])
    while True:
        cycle = _fractional_cycle(grid)
        if cycle is None:
            return [[int(grid[i][j]) for j in range(m)] for i in range(n)]
        plus, minus = cycle[0::2], cycle[1::2]
        up = min([1 - grid[i][j] for i, j in plus] + [grid[i][j] for i, j in minus])
        down = min([grid[i][j] for i, j in plus] + [1 - grid[i][j] for i, j in minus])
        # the smaller step keeps the cells nearer to their values
        step = up if up <= down else -down
        for i, j in plus:
            grid[i][j] += step
        for i, j in minus:
            grid[i][j] -= step


def _fractional_cycle(grid: list[list[Fraction]]) -> list[tuple[int, int]] | None:
    """Fractional cells that go round by turns along a row and a column; None if there is no fractional cell left.

    Every row and column sum of ``grid`` is whole, so a line with one fractional cell has another: the walk always
    closes.
    """
    start = next(((i, j) for i, row in enumerate(grid) for j, c in enumerate(row) if 0 < c < 1), None)
    if start is None:
        return None
    path = [start]
    seen: dict[tuple[str, int], int] = {("row", start[0]): 0}
    along_row = True
    while True:
        i, j = path[-1]
        if along_row:
            nxt = next((i, k) for k, c in enumerate(grid[i]) if 0 < c < 1 and k != j)
            line = ("col", nxt[1])
        else:
            nxt = next((k, j) for k in range(len(grid)) if 0 < grid[k][j] < 1 and k != i)
            line = ("row", nxt[0])
        path.append(nxt)
        if line in seen:
            return path[seen[line] + (0 if _enters(path, seen[line], line) else 1) :]
        seen[line] = len(path) - 1
        along_row = not along_row


def _enters(path: list[tuple[int, int]], at: int, line: tuple[str, int]) -> bool:
    """Whether the cell at ``at`` stands on the line where the walk came back (then the cycle begins with it)."""
    cycle = path[at:]
    return len(cycle) % 2 == 0 and (path[at][0] if line[0] == "row" else path[at][1]) == line[1]


@dataclass(frozen=True, slots=True)
class AreaUnitGuess:
    """The unit that a declared area column is in, the share of comparable rows that agree with it, and how the others
    fare."""

    unit: AreaUnit | None
    share: float
    compared: int
    shares: Mapping[str, float]

    def __iter__(self) -> Iterator[object]:
        return iter((self.unit, self.share))


def guess_area_unit(
    declared: ArrayLike, computed: ArrayLike, *, tolerance: float = 0.02, least_share: float = 0.5
) -> AreaUnitGuess:
    """Find the unit of declared areas from the geometry.

    declared : (n,) numbers as delivered; computed : (n,) m²; rows that are not finite or not positive on either side
    do not count.
    tolerance : relative difference that still agrees. The unit is None where fewer than ``least_share`` of the rows
    agree with any.
    公顷 and 万平方米 are the same number; 公顷 is named.
    """
    d = np.asarray(declared, dtype=np.float64)
    c = np.asarray(computed, dtype=np.float64)
    if d.shape != c.shape:
        raise PanhuoError(
            f"申报面积 {d.shape} 与计算面积 {c.shape} 行数不同。",
            f"Declared {d.shape} and computed {c.shape} differ in length.",
        )
    good: NDArray[np.bool_] = np.isfinite(d) & np.isfinite(c) & (d > 0) & (c > 0)
    n = int(good.sum())
    if n == 0:
        return AreaUnitGuess(None, 0.0, 0, MappingProxyType({}))
    ratio = c[good] / d[good]
    shares = {
        u: float(np.mean(np.abs(ratio / float(AREA_UNITS[u]) - 1) <= tolerance)) for u in ("m2", "hectare", "mu", "km2")
    }
    unit = max(shares, key=lambda u: shares[u])
    found: AreaUnit | None = unit if shares[unit] >= least_share else None  # type: ignore[assignment]
    return AreaUnitGuess(found, shares[unit], n, MappingProxyType(shares))


@dataclass(frozen=True, slots=True)
class Range:
    """A range as plans write it; None is an open end. ``1.0-2.5``, ``≥1.2``, ``不大于40%``."""

    low: float | None
    high: float | None
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = self.low is None or value > self.low or (value == self.low and not self.low_open)
        below = self.high is None or value < self.high or (value == self.high and not self.high_open)
        return above and below


_NUM = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?"
_SPAN = re.compile(rf"^({_NUM})(?:-|~|—|–|至|到)({_NUM})$")
_AT_LEAST = re.compile(rf"^(?:≥|>=|不低于|不小于|不少于|大于等于|大于或等于|至少)({_NUM})$|^({_NUM})(?:及以上|以上)$")
_AT_MOST = re.compile(
    rf"^(?:≤|<=|不高于|不大于|不超过|小于等于|小于或等于|至多)({_NUM})$|^({_NUM})(?:及以下|以下|以内)$"
)
_ABOVE = re.compile(rf"^(?:>|大于|超过|高于)({_NUM})$")
_BELOW = re.compile(rf"^(?:<|小于|低于|不足)({_NUM})$")


def parse_number(text: str) -> float | None:
    """A number as people type it: full-width digits, thousands commas, a per cent sign; None if it is none."""
    t = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(_NUM, t):
        return None
    value = float(t.rstrip("%").replace(",", ""))
    return value / 100 if t.endswith("%") else value


def parse_range(text: str) -> Range | None:
    """A range as plans and contracts write it, or None if the text is none. A single number is the range of that
    number alone."""
    t = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).replace("≧", "≥").replace("≦", "≤")
    t = t.replace("﹤", "<").replace("﹥", ">").replace("〜", "~").replace("−", "-")

    def num(match: re.Match[str]) -> float:
        value = parse_number(next(g for g in match.groups() if g))
        assert value is not None
        return value

    if m := _SPAN.match(t):
        low, high = parse_number(m[1]), parse_number(m[2])
        if m[2].endswith("%") and not m[1].endswith("%") and low is not None:
            low /= 100
        return Range(low, high)
    if m := _AT_LEAST.match(t):
        return Range(num(m), None)
    if m := _AT_MOST.match(t):
        return Range(None, num(m))
    if m := _ABOVE.match(t):
        return Range(num(m), None, low_open=True)
    if m := _BELOW.match(t):
        return Range(None, num(m), high_open=True)
    one = parse_number(t)
    return None if one is None else Range(one, one)
