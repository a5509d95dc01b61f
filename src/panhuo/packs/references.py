"""Clause references: 四(一) becomes ``document#四(一)`` in each layer, before layers are merged."""

from __future__ import annotations

from collections.abc import Mapping

from panhuo.packs.layers import RawLayer
from panhuo.packs.problems import Problems
from panhuo.packs.yamlfile import Located

_WIDTH = str.maketrans("（）　", "() ")


def normal_clause(written: str) -> str:
    """One spelling of a clause: half-width brackets, no spaces."""
    return written.translate(_WIDTH).replace(" ", "")


def complete(tree: Located, layer: RawLayer, own: Mapping[str, str | None], problems: Problems) -> Located:
    """The tree with every ``clause`` and ``also`` complete. ``own`` gives each pack's own document."""
    if tree.is_list:
        return Located(tuple(complete(item, layer, own, problems) for item in tree.value), tree.place, tree.quoted)
    if not tree.is_map:
        return tree
    content: dict[str, Located] = {}
    for key, value in tree.value.items():
        if key == "clause":
            content[key] = _complete_one(value, layer, own, problems)
        elif key == "also":
            items = tuple(_complete_one(item, layer, own, problems) for item in value.items())
            content[key] = Located(items, value.place)
        else:
            content[key] = complete(value, layer, own, problems)
    return Located(content, tree.place, tree.quoted)


def complete_clause_ids(tree: Located, layer: RawLayer) -> Located:
    """clauses.yaml with ids ``document#clause`` and the document written into each clause."""
    listed = tree.get("clauses")
    if listed is None or not listed.is_list:
        return tree
    items = []
    for item in listed.value:
        name = item.get("id")
        if name is None or not isinstance(name.value, str):
            items.append(item)
            continue
        named = item.get("document")
        document = named.value if named is not None else layer.document
        content = dict(item.value)
        if document is not None:
            content["document"] = Located(document, item.place)
            content["id"] = Located(f"{document}#{normal_clause(name.value)}", name.place)
        items.append(Located(content, item.place))
    return Located({**tree.value, "clauses": Located(tuple(items), listed.place)}, tree.place)


def _complete_one(value: Located, layer: RawLayer, own: Mapping[str, str | None], problems: Problems) -> Located:
    if not isinstance(value.value, str):
        return value  # said by validation
    document, sharp, clause = value.value.rpartition("#")
    if not sharp:
        if layer.document is None:
            zh = "本包没有自己的文件：请在 clauses.yaml 写 document，或写成“文件编号#条款”"
            en = "this pack has no document of its own: name it in clauses.yaml, or write document#clause"
            problems.add(value.place, "clause", zh, en)
            return value
        return Located(f"{layer.document}#{normal_clause(value.value)}", value.place)
    return Located(f"{own.get(document) or document}#{normal_clause(clause)}", value.place)
