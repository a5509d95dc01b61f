"""The standard as one tree over all parcels: values of every node, which leaves are open, which would flip the
verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from panhuo.identify.conditions import Group, LandClass, Leaf, Node, Standard


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place of a condition in the tree: the columns on the way down and the operators met (root first)."""

    condition: str
    path: tuple[str, ...]
    #: True where the condition holding makes the whole more true, False below an odd number of ``not``.
    positive: bool
    part: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A group of the tree as a column over its children's columns."""

    column: str
    operator: str
    children: tuple[str, ...]
    depth: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The whole standard: ``branches`` deepest first, the root is ``#verdict``."""

    branches: tuple[Branch, ...]
    occurrences: tuple[Occurrence, ...]
    class_columns: tuple[tuple[str, str], ...]
    named_groups: tuple[tuple[str, str], ...]
    excluding: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def leaf_column(condition_id: str) -> str:
    """The working column of a condition (a condition may bear the name of the fact it tests)."""
    return f"={condition_id}"


def class_node(land_class: LandClass, standard: Standard) -> Node | None:
    """When a class is met: its own condition and its parents'; a parent without one is met by any of its
    sub-classes.
    """
    if land_class.when is None:
        children = [class_node(c, standard) for c in standard.classes if c.parent == land_class.id]
        nodes = tuple(n for n in children if n is not None)
        return Group("any", nodes) if nodes else None
    above: list[Node] = []
    parent = land_class.parent
    while parent:
        upper = standard.land_class(parent)
        if upper.when is not None:
            above.append(upper.when)
        parent = upper.parent
    return Group("all", (*above, land_class.when)) if above else land_class.when


def build_tree(standard: Standard) -> Tree:
    """The tree ``no exclusion and every precondition and some class`` with a column name for every node."""
    branches: list[Branch] = []
    occurrences: list[Occurrence] = []
    named: dict[str, str] = {}
    counter = iter(range(10**9))

    def add(node: Node, path: tuple[str, ...], positive: bool, part: str) -> str:
        if isinstance(node, Leaf):
            column = leaf_column(node.condition.id)
            occurrences.append(Occurrence(node.condition.id, (*path, column), positive, part))
            return column
        column = f"#{next(counter)}"
        if node.id:
            named.setdefault(node.id, column)
        inner = positive if node.operator != "not" else not positive
        children = tuple(add(child, (*path, column), inner, part) for child in node.of)
        branches.append(Branch(column, node.operator, children, len(path)))
        return column

    top = "#verdict"
    excluding: list[str] = []
    guards: list[str] = []
    for i, node in enumerate(standard.exclusions):
        column = f"#not-excluded-{i}"
        inside = add(node, (top, column), False, "exclusion")
        branches.append(Branch(column, "not", (inside,), 1))
        excluding.append(inside)
        guards.append(column)
    required = [add(node, (top,), True, "precondition") for node in standard.preconditions]
    class_columns: list[tuple[str, str]] = []
    for land_class in standard.classes:
        effective = class_node(land_class, standard)
        if effective is None:
            continue
        if (
            land_class.when is None
        ):  # only gathers its sub-classes: read from them, not a way of its own into the verdict
            continue
        class_columns.append((land_class.id, add(effective, (top, "#classes"), True, land_class.id)))
    branches.append(Branch("#classes", "any", tuple(c for _, c in class_columns), 1))
    branches.append(Branch(top, "all", (*guards, *required, "#classes"), 0))
    done = dict(class_columns)
    for land_class in reversed(standard.classes):  # parents rank after their sub-classes
        if land_class.id in done or land_class.when is not None:
            continue
        below = _below(land_class.id, standard, done)
        if below:
            branches.append(Branch(f"#class-{land_class.id}", "any", tuple(below), 0))
            class_columns.append((land_class.id, f"#class-{land_class.id}"))
    if standard.gate is not None:
        held = len(occurrences)
        gate = add(standard.gate, (), True, "gate")
        branches.append(Branch("#gate", "all", (gate,), 0))
        del occurrences[held:]  # the gate is about the use of policies: it never decides the verdict
    ordered = sorted(branches, key=lambda b: -b.depth)
    rank = {c.id: c.rank for c in standard.classes}
    return Tree(
        tuple(ordered),
        tuple(occurrences),
        tuple(sorted(class_columns, key=lambda c: rank[c[0]])),
        tuple(named.items()),
        tuple(excluding),
        tuple(required),
    )


def _below(class_id: str, standard: Standard, done: dict[str, str]) -> list[str]:
    found: list[str] = []
    for child in standard.classes:
        if child.parent == class_id:
            found += [done[child.id]] if child.id in done else _below(child.id, standard, done)
    return found


def with_branches(frame: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    """``frame`` (with a column per condition) with a column per branch, deepest first."""
    for level in sorted({b.depth for b in tree.branches}, reverse=True):
        frame = frame.with_columns(_value(b).alias(b.column) for b in tree.branches if b.depth == level)
    return frame


def _value(branch: Branch) -> pl.Expr:
    if branch.operator == "not":
        return ~pl.col(branch.children[0])
    if not branch.children:  # a standard without classes: nothing can be met
        return pl.lit(branch.operator == "all")
    return (pl.all_horizontal if branch.operator == "all" else pl.any_horizontal)(branch.children)


def open_leaves(tree: Tree) -> dict[str, pl.Expr]:
    """Per condition: could setting it still change the verdict?

    A branch that is unknown has no child that decides it, so a leaf counts exactly when everything from it up to the
    root is unknown. (A condition that stands in several places counts if one of them is open.)
    """
    ways: dict[str, list[pl.Expr]] = {}
    for place in tree.occurrences:
        ways.setdefault(place.condition, []).append(pl.all_horizontal(pl.col(c).is_null() for c in place.path))
    return {name: pl.any_horizontal(w) if len(w) > 1 else w[0] for name, w in ways.items()}


def deciding_leaves(tree: Tree, parts: Sequence[str], value: bool) -> dict[str, pl.Expr]:
    """Per condition of ``parts``: does it carry the value ``value`` all the way up to its root? (the reasons of a
    verdict)

    The columns compared are those between the root and the leaf; below a ``not`` the opposite value is asked for.
    """
    ways: dict[str, list[pl.Expr]] = {}
    operators = {b.column: b.operator for b in tree.branches}
    for place in tree.occurrences:
        if place.part not in parts:
            continue
        asked, steps = value, []
        for column in place.path[1:]:  # the root itself is the verdict
            steps.append(pl.col(column) if asked else ~pl.col(column))
            if operators.get(column) == "not":
                asked = not asked
        ways.setdefault(place.condition, []).append(pl.all_horizontal(steps))
    return {name: pl.any_horizontal(w) if len(w) > 1 else w[0] for name, w in ways.items()}


def with_pivots(frame: pl.DataFrame, tree: Tree) -> tuple[pl.DataFrame, dict[str, pl.Expr]]:
    """Per condition: would turning it round, alone, turn the verdict round? (columns ``?…`` are added to the frame)

    Down from the root: a child is pivotal when its parent is and every sibling is neutral (true under all,
    false under any).
    """
    children: dict[str, Branch] = {b.column: b for b in tree.branches}
    frame = frame.with_columns(pl.col("#verdict").is_not_null().alias("?#verdict"))
    level = ["#verdict"]
    leaf_ways: dict[str, list[str]] = {}
    while level:
        columns, neutrals, following = [], [], []
        for name in level:
            branch = children[name]
            for i, child in enumerate(branch.children):
                state = pl.col(child)
                neutrals.append((~state if branch.operator == "any" else state).fill_null(False).alias(f"!{name}/{i}"))
                others = [f"!{name}/{j}" for j in range(len(branch.children)) if j != i]
                place = f"?{name}/{i}" if child not in children else f"?{child}"
                columns.append(pl.all_horizontal(f"?{name}", *others).alias(place))
                if child in children:
                    following.append(child)
                else:
                    leaf_ways.setdefault(child, []).append(place)
        frame = frame.with_columns(neutrals)
        frame = frame.with_columns(columns)
        level = following
    # What makes a class comes before what only guards it: that is the change people ask about.
    guards = {o.condition for o in tree.occurrences if o.part in ("exclusion", "precondition")}
    names = sorted((n.removeprefix("=") for n in leaf_ways), key=lambda n: n in guards)
    return frame, {name: pl.any_horizontal(leaf_ways[leaf_column(name)]) for name in names}


def ids_where(frame: pl.DataFrame, columns: dict[str, pl.Expr], name: str) -> pl.Series:
    """Per row the list of the names whose expression is true, as a column of lists of texts.

    The texts are placed by running offsets, so the cost is what there is to say and not rows times names.
    """
    names = list(columns)
    if not names or frame.is_empty():
        return pl.Series(name, [[]] * frame.height, dtype=pl.List(pl.String))
    table = frame.select(columns[n].fill_null(False).alias(str(i)) for i, n in enumerate(names))
    places = [table[str(i)].arg_true().to_numpy() for i in range(len(names))]
    lengths = np.zeros(frame.height, dtype=np.int64)
    for rows in places:
        lengths[rows] += 1
    free = np.cumsum(lengths) - lengths  # the next free place of each row's list
    codes = np.empty(int(lengths.sum()), dtype=np.int32)
    for i, rows in enumerate(places):
        codes[free[rows]] = i
        free[rows] += 1
    words = pa.array(names, type=pa.large_string()).take(pa.array(codes))
    return _lists(words, lengths, name)


def spread(lists: pl.Series, here: pl.Series) -> pl.Series:
    """The lists of the rows where ``here`` is true, empty lists for all others."""
    lengths = np.zeros(len(here), dtype=np.int64)
    lengths[here.to_numpy()] = lists.list.len().to_numpy()
    words = lists.list.explode(keep_nulls=False, empty_as_null=False)
    return _lists(words.to_arrow(compat_level=pl.CompatLevel.oldest()), lengths, lists.name)


def _lists(words: pa.Array, lengths: npt.NDArray[np.int64], name: str) -> pl.Series:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return pl.Series(name, pa.LargeListArray.from_arrays(pa.array(offsets), words), dtype=pl.List(pl.String))


def first_of(columns: Sequence[tuple[str, pl.Expr]], frame: pl.DataFrame, name: str) -> pl.Series:
    """Per row the name of the first expression that is true, null if none: numbers first, the texts are put in at the
    end.
    """
    if not columns or len(columns) > 60_000:
        return pl.Series(name, [None] * frame.height, dtype=pl.String)
    numbers = [pl.when(e).then(pl.lit(i, dtype=pl.UInt16)) for i, (_, e) in enumerate(columns)]
    codes = frame.select(pl.coalesce(numbers).alias(name))[name]
    return pl.Series(name, [n for n, _ in columns], dtype=pl.String).gather(codes).alias(name)
