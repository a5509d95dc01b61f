"""What of a pack holds on a day, and dated entries that contradict each other."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from panhuo.packs.problems import Problems
from panhuo.packs.yamlfile import Located

_FOREVER = (datetime.date.min, datetime.date.max)
#: Keys whose lists are operands of the condition grammar.
BRANCHES = ("all", "any", "of")


def period(entry: Located) -> tuple[datetime.date, datetime.date]:
    """First and last day of an entry; for ever where it is not dated. (A transition's from/to are states: no dates.)"""
    first, last = entry.get("from"), entry.get("to")
    start = first.value if first and isinstance(first.value, datetime.date) else _FOREVER[0]
    end = last.value if last and isinstance(last.value, datetime.date) else _FOREVER[1]
    return start, end


def holds(entry: Located, on: datetime.date) -> bool:
    """Whether an entry is valid on a day (first and last day included)."""
    start, end = period(entry)
    return start <= on <= end


def select(tree: Located, on: datetime.date) -> Located | None:
    """The tree without the entries that do not hold on this day; None when nothing is left of it."""
    if isinstance(tree.value, tuple):
        kept = tuple(s for item in tree.value if (s := select(item, on)) is not None)
        return Located(kept, tree.place)
    if not isinstance(tree.value, dict):
        return tree
    if not holds(tree, on):
        return None
    content: dict[str, Located] = {}
    for key, value in tree.value.items():
        left = select(value, on)
        if left is None:
            if key == "not":
                return None  # "not" of a condition that does not hold yet says nothing
            continue
        if key in BRANCHES and left.is_list and not left.value and value.value:
            return None
        content[key] = left
    return Located(content, tree.place)


def breakpoints(tree: Located) -> Iterator[datetime.date]:
    """Days on which something starts or stops to hold."""
    if isinstance(tree.value, tuple):
        for item in tree.value:
            yield from breakpoints(item)
    elif isinstance(tree.value, dict):
        start, end = period(tree)
        if start != _FOREVER[0]:
            yield start
        if end != _FOREVER[1]:
            yield end + datetime.timedelta(days=1)
        for value in tree.value.values():
            yield from breakpoints(value)


def find_overlaps(tree: Located, problems: Problems, ids: str = "id") -> None:
    """Entries of one list with the same id must not hold on the same day; no period ends before it starts."""
    if isinstance(tree.value, tuple):
        complain_overlaps([item for item in tree.value if item.is_map], problems, ids)
        for item in tree.value:
            find_overlaps(item, problems, ids)
    elif isinstance(tree.value, dict):
        start, end = period(tree)
        if start > end:
            zh, en = f"from {start} 晚于 to {end}", f"'from' {start} is after 'to' {end}"
            problems.add(tree.value["from"].place, "dates", zh, en)
        for value in tree.value.values():
            find_overlaps(value, problems, ids)


def complain_overlaps(entries: list[Located], problems: Problems, ids: str = "id") -> None:
    """Note every pair of entries with the same id whose periods overlap, naming both lines."""
    seen: dict[object, list[Located]] = {}
    for entry in entries:
        name = entry.get(ids)
        if name is None or isinstance(name.value, dict | tuple):
            continue
        for other in seen.setdefault(name.value, []):
            (a, b), (c, d) = period(other), period(entry)
            if max(a, c) > min(b, d):
                continue
            line = other.place.line
            if (a, b) == (c, d) == _FOREVER:
                zh = f"编号“{name.value}”重复：第 {line} 行已有；请改名，或用 from/to 分开各自的有效期"
                en = f"id '{name.value}' stands twice (also on line {line}): rename one, or date them with from/to"
                problems.add(entry.place, "duplicate_id", zh, en)
            else:
                zh = f"“{name.value}”的有效期与第 {line} 行重叠：同一日期只能有一个有效，请调整 from/to"
                en = f"'{name.value}' overlaps with line {line}: only one may hold on a day; change from/to"
                problems.add(entry.place, "overlap", zh, en)
        seen[name.value].append(entry)
