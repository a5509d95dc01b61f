"""Inheritance: a child's file laid over its parents' (national, province, city, county).

Entries are matched by id and the child's given keys replace the parent's; ``remove: true`` takes an entry away; what
the child does not name stays. Every value keeps the place where it was written.
"""

from __future__ import annotations

from panhuo.packs.models.calendar import NEEDS
from panhuo.packs.models.nodes import OPERATORS
from panhuo.packs.problems import Problems, hint
from panhuo.packs.yamlfile import Located

#: Mappings that are merged key by key; every other mapping inside an entry is replaced as a whole.
DEEP = frozenset({"parameters", "permissions", "terms", "modules", "base", "gate", "yield_evaluation"})
#: Lists of standard.yaml whose entries are conditions.
LEAF_LISTS = ("conditions", "exclusions", "preconditions")
#: Keys that replace one another: giving one takes the parent's others away.
_ALTERNATIVES = (frozenset(OPERATORS), frozenset({"expression", "builtin"}), frozenset({"due", "deadline"}))
_AVERAGE = frozenset({"below_average", "by", "factor", "within", "statistic", "min_group", "leave_one_out", "combine"})
_LEAF_KINDS = {"value": frozenset({"value", *OPERATORS}), "below_average": _AVERAGE, "test": frozenset({"test"})}
_DATE_KEYS = frozenset(k for keys in NEEDS.values() for k in keys)


def merge_file(parent: Located | None, child: Located | None, kind: str, problems: Problems) -> Located | None:
    """A child's file over its parent's. ``kind`` is the file's stem (standard, organisation …)."""
    if child is None or parent is None:
        laid = child if parent is None else parent
        return drop_removed(laid, problems) if laid is child and laid is not None else laid
    if not (parent.is_map and child.is_map):
        return child
    if kind == "standard":
        parent, child = _override_leaves(parent, child, problems)
    return _merge_maps(parent, child, problems, deep=True)


def _merge_maps(parent: Located, child: Located, problems: Problems, *, deep: bool) -> Located:
    mine, theirs = child.value, parent.value
    content = {k: v for k, v in theirs.items() if k in mine or k not in _rivals(theirs, mine)}
    for key, value in mine.items():
        before = content.get(key)
        if key == "remove":
            continue
        if before is None:
            content[key] = drop_removed(value, problems)
        elif before.is_map and value.is_map and (key in DEEP):
            content[key] = _merge_maps(before, value, problems, deep=True)
        elif before.is_list and value.is_list and _by_id(before) and _by_id(value):
            content[key] = _merge_lists(before, value, problems)
        else:
            content[key] = drop_removed(value, problems)
    return Located(content, child.place)


def _rivals(parent: dict[str, Located], child: dict[str, Located]) -> set[str]:
    """Keys of the parent that the child's keys replace."""
    gone: set[str] = set()
    for group in _ALTERNATIVES:
        if group & child.keys():
            gone |= group
    for kind, keys in _LEAF_KINDS.items():
        if kind in child and kind not in parent:
            gone |= set().union(*(v for k, v in _LEAF_KINDS.items() if k != kind)) - keys
    if "kind" in child and "what" in parent:  # a deadline changes its kind
        gone |= _DATE_KEYS
    return gone - child.keys()


def entry_id(item: Located) -> str | None:
    """The id of an entry as text; None for what is no entry (validation tells a wrong id)."""
    name = item.get("id")
    return None if name is None or name.value is None or isinstance(name.value, dict | tuple) else str(name.value)


def _by_id(items: Located) -> bool:
    return all(entry_id(item) is not None for item in items.value)


def _merge_lists(parent: Located, child: Located, problems: Problems) -> Located:
    changes: dict[str | None, Located] = {entry_id(item): item for item in child.value}
    known = [str(entry_id(item)) for item in parent.value]
    merged: list[Located] = []
    for item in parent.value:
        change = changes.pop(entry_id(item), None)
        if change is None:
            merged.append(item)
        elif not _removes(change):
            merged.append(_merge_maps(item, change, problems, deep=True))
    for item in changes.values():
        if _removes(item):
            _nothing_to_remove(item, known, problems)
        else:
            merged.append(drop_removed(item, problems))
    return Located(tuple(merged), child.place)


def _removes(entry: Located) -> bool:
    flag = entry.get("remove")
    return flag is not None and flag.value is True


def _nothing_to_remove(entry: Located, known: list[str], problems: Problems) -> None:
    name = entry_id(entry)
    zh, en = hint(str(name), known)
    problems.add(
        entry.place,
        "remove_unknown",
        f"要移除的“{name}”在上级包中不存在{zh}",
        f"'{name}' is to be removed, but no inherited entry has this id{en}",
    )


def drop_removed(tree: Located, problems: Problems) -> Located:
    """A tree without parent: an entry with ``remove: true`` has nothing to remove."""
    if isinstance(tree.value, tuple):
        kept = []
        for item in tree.value:
            if entry_id(item) is not None and _removes(item):
                _nothing_to_remove(item, [], problems)
            else:
                kept.append(drop_removed(item, problems))
        return Located(tuple(kept), tree.place)
    if isinstance(tree.value, dict):
        return Located({k: drop_removed(v, problems) for k, v in tree.value.items()}, tree.place)
    return tree


def leaf_maps(tree: Located) -> list[Located]:
    """Every mapping in a standard that is a condition: the named ones and those inside classes."""
    found: list[Located] = []

    def visit(node: Located) -> None:
        if node.is_list:
            for item in node.value:
                visit(item)
        elif node.is_map:
            if any(k in node.value for k in _LEAF_KINDS):
                found.append(node)
                return
            for value in node.value.values():
                visit(value)

    for key in (*LEAF_LISTS, "gate", "classes"):
        part = tree.get(key)
        if part is not None:
            visit(part)
    return found


def _override_leaves(parent: Located, child: Located, problems: Problems) -> tuple[Located, Located]:
    """Apply the child's ``conditions`` to inherited leaves wherever they stand (also inside a class)."""
    named = child.get("conditions")
    if named is None or not named.is_list:
        return parent, child
    own_named = {entry_id(e) for e in _entries(parent.get("conditions"))}
    inner = {entry_id(e) for e in leaf_maps(parent)} - own_named
    patches = {entry_id(e): e for e in _entries(named) if entry_id(e) in inner}
    if not patches:
        return parent, child
    rest = tuple(e for e in named.value if entry_id(e) not in patches)
    content = {**child.value, "conditions": Located(rest, named.place)}
    patched = _patch(parent, patches, problems, inside=False)
    return (patched if patched is not None else parent), Located(content, child.place)


def _entries(items: Located | None) -> list[Located]:
    return [e for e in items.value if entry_id(e) is not None] if items is not None and items.is_list else []


def _patch(tree: Located, patches: dict[str | None, Located], problems: Problems, *, inside: bool) -> Located | None:
    """The tree with the patches applied to its leaves; None where a leaf was removed."""
    if tree.is_list:
        kept = [p for item in tree.value if (p := _patch(item, patches, problems, inside=inside)) is not None]
        return Located(tuple(kept), tree.place)
    if not tree.is_map:
        return tree
    name = entry_id(tree)
    if name is not None and name in patches and any(k in tree.value for k in _LEAF_KINDS):
        change = patches[name]
        return None if _removes(change) else _merge_maps(tree, change, problems, deep=True)
    content: dict[str, Located] = {}
    for key, value in tree.value.items():
        left = _patch(value, patches, problems, inside=inside or key == "when")
        if left is None or (inside and key in ("all", "any", "of") and left.is_list and not left.value):
            if inside:
                return None
            continue
        content[key] = left
    return Located(content, tree.place)
