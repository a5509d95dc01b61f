"""A page of a list of parcels, found by the key of its first row: the thousandth page is as quick as the first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.models.register import Parcels
from panhuo_platform.parcels.queries import counted

PER_PAGE = 50
#: What a list can be sorted by: the columns of an index.
SORTS = {"number": ("township_code", "number"), "code": ("code", "number"), "area": ("area_m2", "number")}
_MARK = "~"


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of one page, the marks of the pages beside it, and how many rows there are.

    next, previous : for ``?after=`` and ``?before=``; empty where there is no such page
    count, whole   : counted up to a limit; ``whole`` says whether that is all
    """

    rows: list[Parcel]
    next: str
    previous: str
    count: int
    whole: bool
    sorted_by: str


def listing(found: Parcels, *, sort: str = "", after: str = "", before: str = "") -> Listing:
    """The page of ``found`` behind the mark ``after``, or before the mark ``before``, or the first one."""
    by = sort.removeprefix("-")
    if by not in SORTS:
        by, sort = "number", "number"
    down = sort.startswith("-")
    columns = SORTS[by]
    backwards = bool(before)
    mark = _values(before or after, by)
    rows = found
    if mark is not None:
        rows = rows.filter(_beyond(columns, mark, up=down == backwards))
    signs = ["-" if down != backwards else ""] * 2
    got = list(rows.order_by(*(f"{s}{c}" for s, c in zip(signs, columns, strict=True)))[: PER_PAGE + 1])
    more, got = len(got) > PER_PAGE, got[:PER_PAGE]
    if backwards:
        got.reverse()
    count, whole = counted(found)
    has_next = more if not backwards else True
    has_previous = (mark is not None) if not backwards else more
    return Listing(
        got,
        _mark(got[-1], columns) if got and has_next else "",
        _mark(got[0], columns) if got and has_previous else "",
        count,
        whole,
        sort,
    )


def _beyond(columns: tuple[str, ...], mark: tuple[object, ...], *, up: bool) -> Q:
    """Rows behind a mark. The first condition is not needed, but lets the store begin in the index."""
    first, second = columns
    way, edge = ("gt", "gte") if up else ("lt", "lte")
    tie = Q(**{first: mark[0], f"{second}__{way}": mark[1]})
    return Q(**{f"{first}__{edge}": mark[0]}) & (Q(**{f"{first}__{way}": mark[0]}) | tie)


def _mark(row: Parcel, columns: tuple[str, ...]) -> str:
    value = getattr(row, columns[0])
    return f"{value!r}{_MARK}{row.number}" if isinstance(value, float) else f"{value}{_MARK}{row.number}"


def _values(mark: str, by: str) -> tuple[object, ...] | None:
    """None for a mark that is none: the first page."""
    first, sign, number = mark.rpartition(_MARK)
    if not sign:
        return None
    try:
        return (float(first) if by == "area" else first), number
    except ValueError:
        return None
