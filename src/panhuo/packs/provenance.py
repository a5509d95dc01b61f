"""Where every entry of a loaded pack was written: pack, file, line, key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from panhuo.packs.merge import leaf_maps
from panhuo.packs.problems import Place
from panhuo.packs.yamlfile import Located


def provenance(merged: Mapping[str, Located]) -> dict[str, dict[str, Place]]:
    """Entry path -> key -> place; the key "" is the entry itself. See ``Pack.place`` for the paths."""
    found: dict[str, dict[str, Place]] = {}
    for part, tree in merged.items():
        if part.startswith("tests"):
            tests = tree.get("tests")
            for item in tests.items() if tests else ():
                if (name := item.get("id")) is not None:
                    found[f"tests.{name.value}"] = _places(item)
            continue
        for path, entry in _entries(part, tree):
            found.setdefault(path, _places(entry))
        if part == "standard":
            for leaf in leaf_maps(tree):
                if (name := leaf.get("id")) is not None:
                    found[f"standard.conditions.{name.value}"] = _places(leaf)
    return found


def _places(entry: Located) -> dict[str, Place]:
    places = {"": entry.place, **{key: value.place for key, value in entry.value.items()}}
    for key in ("when", "condition"):
        if (tree := entry.get(key)) is not None:
            places.update({f"when:{name}": place for name, place in _named(tree)})
    return places


def _named(tree: Located) -> Iterator[tuple[str, Place]]:
    """Names of conditions and readings inside a condition, with their own lines."""
    if isinstance(tree.value, str):
        yield tree.value, tree.place
    elif tree.is_list:
        for item in tree.value:
            yield from _named(item)
    elif tree.is_map:
        for key in ("all", "any", "of", "not", "reading"):
            if (inner := tree.get(key)) is not None:
                yield from _named(inner)


def _entries(path: str, tree: Located) -> Iterator[tuple[str, Located]]:
    if tree.is_map:
        for key, value in tree.value.items():
            # the rows of a sheet and the leaves of a class are reached without naming the list in between
            inner = path if key in ("rows", "when", "all", "any", "of", "not") else f"{path}.{key}"
            yield from _entries(inner, value)
    elif tree.is_list:
        for item in tree.value:
            name = item.get("id")
            if name is not None:
                yield f"{path}.{name.value}", item
                yield from _entries(f"{path}.{name.value}", item)
